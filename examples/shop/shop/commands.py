"""Commands of the shop."""

import click
from flask.cli import with_appcontext

from .extensions import db
from .models import User, user_of_email


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Create a customer and a staff member to try the shop with."""
    for email, is_staff in (("ada@example.org", False), ("grace@example.org", True)):
        if user_of_email(email) is None:
            user = User(email=email, is_staff=is_staff)
            user.set_password("analytical engine")
            db.session.add(user)
    db.session.commit()
    click.echo('ada@example.org and grace@example.org (staff), password "analytical engine"')

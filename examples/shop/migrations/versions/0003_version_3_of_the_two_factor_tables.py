"""Version 3 of the two-factor tables

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-29

"""

from alembic import op
from flask_twofactor import migrations

# revision identifiers, used by Alembic.
revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    migrations.upgrade(op, 2, 3)


def downgrade():
    migrations.downgrade(op, 3, 2)

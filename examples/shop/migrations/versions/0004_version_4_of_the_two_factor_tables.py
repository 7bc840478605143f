"""Version 4 of the two-factor tables

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-29

"""

from alembic import op
from flask_twofactor import migrations

# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    migrations.upgrade(op, 3, 4)


def downgrade():
    migrations.downgrade(op, 4, 3)

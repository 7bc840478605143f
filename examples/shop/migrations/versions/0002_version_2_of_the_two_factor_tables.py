"""Version 2 of the two-factor tables

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-28

"""

from alembic import op
from flask_twofactor import migrations

# revision identifiers, used by Alembic.
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    migrations.upgrade(op, 1, 2)


def downgrade():
    migrations.downgrade(op, 2, 1)

"""passkeys

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-29 12:15:00

"""
from alembic import op

from portal.twofactor import migrations


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    migrations.upgrade(op, 2, 3)


def downgrade():
    migrations.downgrade(op, 3, 2)

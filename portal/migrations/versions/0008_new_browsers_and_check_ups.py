"""mails about new browsers, and check-ups

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 18:00:00

"""
from alembic import op
import sqlalchemy as sa

from portal.twofactor import migrations


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                'new_browser_mails', sa.Boolean(), server_default=sa.true(), nullable=False
            )
        )
        batch_op.add_column(sa.Column('new_browsers', sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column('new_browsers_since', sa.BigInteger(), server_default='0', nullable=False)
        )
    # Customers of before have signed in already, or get one mail too many.
    op.execute(sa.text('UPDATE customer SET new_browsers = 0'))
    migrations.upgrade(op, 3, 4)


def downgrade():
    migrations.downgrade(op, 4, 3)
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_column('new_browsers_since')
        batch_op.drop_column('new_browsers')
        batch_op.drop_column('new_browser_mails')

"""new e-mail addresses that wait to be confirmed

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29 18:00:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    # The addresses that customers have count as confirmed.
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('wanted_email', sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column('wanted_email_digest', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('wanted_email_until', sa.BigInteger(), nullable=True))
        batch_op.create_index(
            batch_op.f('ix_customer_wanted_email_digest'), ['wanted_email_digest'], unique=True
        )


def downgrade():
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_wanted_email_digest'))
        batch_op.drop_column('wanted_email_until')
        batch_op.drop_column('wanted_email_digest')
        batch_op.drop_column('wanted_email')

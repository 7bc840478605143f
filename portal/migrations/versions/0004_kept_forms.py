"""kept forms

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-29 03:15:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        'kept_form',
        sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('data', sa.Text(), nullable=False),
        sa.Column('expires_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'],
            ['customer.id'],
            name=op.f('fk_kept_form_customer_id_customer'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_kept_form')),
    )
    with op.batch_alter_table('kept_form', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kept_form_expires_at'), ['expires_at'])


def downgrade():
    op.drop_table('kept_form')

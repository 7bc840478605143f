"""links that undo a change, and the proof that a reset asks for

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-29 18:00:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reset_proof', sa.Text(), nullable=True))
    op.create_table(
        'undo_link',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('email', sa.String(length=254), nullable=False),
        sa.Column('data', sa.Text(), nullable=False),
        sa.Column('made_at', sa.BigInteger(), nullable=False),
        sa.Column('expires_at', sa.BigInteger(), nullable=False),
        sa.Column('used_at', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'],
            name=op.f('fk_undo_link_customer_id_customer'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_undo_link')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_undo_link_token_hash')),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table('undo_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_undo_link_customer_id'), ['customer_id'])
        batch_op.create_index(batch_op.f('ix_undo_link_expires_at'), ['expires_at'])


def downgrade():
    op.drop_table('undo_link')
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_column('reset_proof')

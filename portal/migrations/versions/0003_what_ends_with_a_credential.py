"""credential versions, known browsers, wrong passwords

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-28 18:15:00

"""
from alembic import op
import sqlalchemy as sa

from portal.twofactor import migrations


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    migrations.upgrade(op, 1, 2)
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('credential_version', sa.BigInteger(), server_default='1', nullable=False)
        )
    # Older sessions have no version, so everybody has to sign in again.
    with op.batch_alter_table('portal_session', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('credential_version', sa.BigInteger(), server_default='0', nullable=False)
        )
    # Older links have no version to compare, so they stop working.
    op.execute(sa.text('DELETE FROM password_reset'))
    with op.batch_alter_table('password_reset', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('credential_version', sa.BigInteger(), server_default='0', nullable=False)
        )
        batch_op.add_column(
            sa.Column('email', sa.String(length=254), server_default='', nullable=False)
        )
    op.create_table(
        'known_browser',
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('customer_id', sa.Integer(), nullable=False),
        sa.Column('credential_version', sa.BigInteger(), nullable=False),
        sa.Column('expires_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['customer_id'], ['customer.id'],
            name=op.f('fk_known_browser_customer_id_customer'), ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('digest', name=op.f('pk_known_browser')),
    )
    with op.batch_alter_table('known_browser', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_known_browser_customer_id'), ['customer_id'])
        batch_op.create_index(batch_op.f('ix_known_browser_expires_at'), ['expires_at'])
    op.create_table(
        'password_attempts',
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('run', sa.BigInteger(), nullable=False),
        sa.Column('last_at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_password_attempts')),
    )
    with op.batch_alter_table('password_attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_password_attempts_last_at'), ['last_at'])


def downgrade():
    op.drop_table('password_attempts')
    op.drop_table('known_browser')
    with op.batch_alter_table('password_reset', schema=None) as batch_op:
        batch_op.drop_column('email')
        batch_op.drop_column('credential_version')
    with op.batch_alter_table('portal_session', schema=None) as batch_op:
        batch_op.drop_column('credential_version')
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_column('credential_version')
    migrations.downgrade(op, 2, 1)

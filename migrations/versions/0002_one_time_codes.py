"""one-time codes are used once

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 21:00:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))


def downgrade():
    with op.batch_alter_table("staff") as staff:
        staff.drop_column("totp_step")

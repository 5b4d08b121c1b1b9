"""comparisons with WeChat, messages by state

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-25 12:42:16.952579
"""

import sqlalchemy as sa
from alembic import op

import core.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():

    op.create_table(
        "reconciliation",
        sa.Column("appid", core.db.Ascii(length=32), nullable=False),
        sa.Column("what", core.db.Ascii(length=16), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.String(length=64), nullable=False),
        sa.Column("changed_at", core.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("appid", "what", name=op.f("pk_reconciliation")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_state_id"), ["state", "id"], unique=False)


def downgrade():

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_state_id"))

    op.drop_table("reconciliation")

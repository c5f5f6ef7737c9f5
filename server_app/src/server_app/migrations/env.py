"""Alembic's entry: runs within the connection that `server_app.migrate` holds the lock with."""

from alembic import context

from server_app.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter most things in place
    transactional_ddl=True,  # both databases roll a broken migration back
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()

from apiflask import APIBlueprint

from server_app.accounts.principal import Principal
from server_app.api_base.auth import login_required
from server_app.api_base.body import queried
from server_app.context import context
from server_app.tasks import followed
from server_app.tasks.schemas import TaskItem, TaskList, TaskQuery


def make_blueprint() -> APIBlueprint:
    """`/api/tasks`."""
    blueprint = APIBlueprint("tasks", __name__, url_prefix="/api/tasks")

    @blueprint.get("")
    @blueprint.output(TaskList)
    @login_required
    @queried(TaskQuery)
    def list_tasks(query: TaskQuery, principal: Principal) -> TaskList:
        """List background tasks, newest first."""
        with context().database.reading() as session:
            page = followed.list_tasks(session, principal, query, query.state, query.type)
            return TaskList(items=[TaskItem.model_validate(task) for task in page.items], next=page.next)

    @blueprint.get("/<int:task_id>")
    @blueprint.output(TaskItem)
    @login_required
    def get_task(task_id: int, principal: Principal) -> TaskItem:
        """One background task."""
        with context().database.reading() as session:
            return TaskItem.model_validate(followed.get_task(session, principal, task_id))

    @blueprint.post("/<int:task_id>/cancel")
    @blueprint.output(TaskItem)
    @login_required
    def cancel_task(task_id: int, principal: Principal) -> TaskItem:
        """Cancel a task: a waiting one never runs, a running one ends at its next safe point and says what it did."""
        with context().database.writing() as session:
            return TaskItem.model_validate(followed.cancel(session, principal, task_id))

    return blueprint

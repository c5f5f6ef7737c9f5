"""The floor: the server's own web processes with a view that does nothing. Runs inside the server's image."""

from flask import Flask, Response

from server_app.settings import Settings
from server_app.web_process import WebProcess


def make_app(_settings: Settings) -> Flask:
    """Answers 204 to everything, at once."""
    app = Flask(__name__)

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def nothing(path: str) -> Response:  # noqa: ARG001 - whatever is asked
        return Response(status=204)

    return app


if __name__ == "__main__":
    WebProcess(Settings(), make_app).run()

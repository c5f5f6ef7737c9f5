"""Writes the contract as JSON Schema, for honeypots and clients that are not Python.

`python -m sensor_wire.schema FOLDER` writes one file for each type of `PUBLISHED`; the committed ones are in `schema/`.
"""

import json
import sys
from pathlib import Path

from sensor_wire.base import WireModel
from sensor_wire.honeypot.manifest import ServiceManifest
from sensor_wire.honeypot.socket import Answer, Submission
from sensor_wire.sensor_config import SensorConfig
from sensor_wire.v1.desired import Desired
from sensor_wire.v1.enrolment import EnrolmentAnswer, EnrolmentRequest, RenewalRequest
from sensor_wire.v1.event import BatchResult, Event
from sensor_wire.v1.poll import Report

PUBLISHED: dict[str, type[WireModel]] = {
    "v1-report": Report,
    "v1-desired": Desired,
    "v1-event": Event,
    "v1-batch-result": BatchResult,
    "v1-enrolment-request": EnrolmentRequest,
    "v1-enrolment-answer": EnrolmentAnswer,
    "v1-renewal-request": RenewalRequest,
    "honeypot-submission": Submission,
    "honeypot-answer": Answer,
    "service-manifest": ServiceManifest,
    "sensor-config": SensorConfig,
}
"""File name without ending → type."""


def rendered(model: type[WireModel]) -> str:
    """The type's JSON Schema (draft 2020-12) as it is committed."""
    return json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write all schemas into the folder named on the command line."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and one folder
        sys.exit("usage: python -m sensor_wire.schema FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in PUBLISHED.items():
        (folder / f"{name}.json").write_text(rendered(model), encoding="utf-8")


if __name__ == "__main__":
    main()

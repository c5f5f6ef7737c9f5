from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """A value of the HTTP API that is not part of the contract with sensors."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

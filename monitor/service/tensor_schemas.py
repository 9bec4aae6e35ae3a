"""Answers under the Open Inference Protocol as OpenAPI describes them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid")


class ServerAnswer(BaseModel):
    """The server, as the Open Inference Protocol names it."""

    model_config = _STRICT
    name: str = Field(examples=["watchkeeper"])
    version: str = Field(examples=["0.1.0"])
    extensions: list[str] = Field(examples=[[]])


class LiveAnswer(BaseModel):
    """The process answers."""

    model_config = _STRICT
    live: bool = Field(examples=[True])


class ServerReadyAnswer(BaseModel):
    """Everything acknowledged earlier can be read."""

    model_config = _STRICT
    ready: bool = Field(examples=[True])


class ModelReadyAnswer(BaseModel):
    """There is a champion that answers."""

    model_config = _STRICT
    name: str = Field(examples=["loans"])
    ready: bool = Field(examples=[True])


class TensorMetadata(BaseModel):
    """One tensor that goes in or comes out; -1 is any size."""

    model_config = _STRICT
    name: str = Field(examples=["age"])
    datatype: str = Field(examples=["FP64"])
    shape: list[int] = Field(examples=[[-1]])


class ModelMetadataAnswer(BaseModel):
    """What a model takes and gives."""

    model_config = _STRICT
    name: str = Field(examples=["loans"])
    versions: list[str] = Field(examples=[["3"]])
    platform: str = Field(examples=["watchkeeper"])
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class TensorAnswer(BaseModel):
    """One tensor, in row-major order."""

    model_config = _STRICT
    name: str = Field(examples=["score"])
    datatype: str = Field(examples=["FP64"])
    shape: list[int] = Field(examples=[[1]])
    data: list[Any] = Field(examples=[[0.83]])
    parameters: dict[str, Any] | None = None


class InferAnswer(BaseModel):
    """Answers of the champion as tensors: `prediction`, `score`, `prediction_id`."""

    model_config = _STRICT
    model_name: str = Field(examples=["loans"])
    model_version: str = Field(examples=["3"])
    id: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    outputs: list[TensorAnswer]

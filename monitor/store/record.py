"""What the journal keeps of one body: the bytes as they were sent, and what the door found out."""

import msgspec

from monitor.core.rows import Body, Kind


class Record(msgspec.Struct, frozen=True):
    """What the journal keeps of one body."""

    kind: Kind
    model: str
    received_at: int
    media_type: str
    encoding: str
    skipped: list[int]
    rows: int
    content: bytes

    @property
    def body(self) -> Body:
        """The body as it was sent."""
        return Body(self.content, self.media_type, self.encoding)

    @property
    def is_packed(self) -> bool:
        """Whether the body is larger once it is unpacked."""
        return bool(self.encoding) or "parquet" in self.media_type

    def written(self) -> bytes:
        """As it stands in the journal; `read_record` reads it."""
        return _ENCODER.encode(self)


_ENCODER = msgspec.msgpack.Encoder()
read_record = msgspec.msgpack.Decoder(Record).decode


def made_id(position: int) -> str:
    """What the ids of rows begin with that came without one, in the record at a position."""
    return f"wk-{position:x}"

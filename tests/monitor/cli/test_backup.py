"""A data directory packed and unpacked: everything is there again, or nothing is."""

import io
import tarfile

import pytest
import zstandard
from builders import predictions
from services import running

from monitor.cli import run
from monitor.cli.archive import pack, unpack
from monitor.cli.backup import backup, restore
from monitor.core.errors import DataDirectoryError


def called(command, *arguments):
    return run(lambda **options: command.main([str(a) for a in arguments], **options))


@pytest.fixture
def data(tmp_path):
    """A directory with files in it."""
    place = tmp_path / "data"
    (place / "journal").mkdir(parents=True)
    (place / "journal" / "1").write_bytes(bytes(range(256)) * 100)
    (place / "rows.duckdb").write_bytes(b"rows")
    (place / "rows.duckdb").chmod(0o600)
    return place


def files(place):
    return {
        p.relative_to(place): p.read_bytes()
        for p in place.rglob("*")
        if p.is_file() and p.name != "lock"
    }


def test_a_service_goes_on_from_its_backup(tmp_path, capsys):
    file, again = tmp_path / "monday.wkb", tmp_path / "again"
    with running(tmp_path / "data") as service:
        service.ask("PUT", "/v1/models/loans", json={"task": "binary"})
        service.ask("POST", "/v1/models/loans/predictions", json=predictions(50))
        assert called(backup, file, "--data-dir", tmp_path / "data") == 1
        assert "another process uses" in capsys.readouterr().err
        service.kill()
    assert called(backup, file, "--data-dir", tmp_path / "data") == 0
    assert called(restore, file, "--data-dir", again) == 0
    assert "files, " in capsys.readouterr().out

    with running(again) as service:
        done = service.ask("POST", "/v1/models/loans/predictions", json=predictions(60))
        assert (done["accepted"], done["duplicates"]) == (10, 50)
        assert service.ask("POST", "/v1/models/loans/check", json={}) is not None
        assert service.ask("GET", "/v1/models/loans/profile")["rows"] == 60


def test_what_was_packed_is_unpacked_byte_by_byte(tmp_path, data):
    file = tmp_path / "b.wkb"

    assert pack(data, file) == unpack(file, tmp_path / "new") == (2, 25_604)
    assert files(tmp_path / "new") == files(data)
    assert (tmp_path / "new" / "rows.duckdb").stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_file_leaves_nothing_behind(tmp_path, data, place):
    file = tmp_path / "b.wkb"
    pack(data, file)
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= 0xFF
    file.write_bytes(content)

    with pytest.raises(DataDirectoryError):
        unpack(file, tmp_path / "new")
    assert {p.name for p in tmp_path.iterdir()} == {"data", "b.wkb"}


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_file_that_breaks_off_is_refused(tmp_path, data, kept):
    file = tmp_path / "b.wkb"
    pack(data, file)
    content = file.read_bytes()
    file.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])

    with pytest.raises(DataDirectoryError):
        unpack(file, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def archive_of(*members):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return zstandard.compress(made.getvalue())


def test_an_archive_of_somebody_else_is_refused(tmp_path):
    file = tmp_path / "b.wkb"
    link = tarfile.TarInfo("rows")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for members in (
        [(tarfile.TarInfo("rows"), b"x")],
        [(tarfile.TarInfo("../rows"), b"x")],
        [(tarfile.TarInfo("/rows"), b"x")],
        [(link, b"")],
    ):
        file.write_bytes(archive_of(*members))
        with pytest.raises(DataDirectoryError):
            unpack(file, tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["b.wkb"]


def test_nothing_is_written_over(tmp_path, data, capsys):
    file = tmp_path / "b.wkb"
    pack(data, file)

    assert called(backup, file, "--data-dir", data) == 1
    assert called(restore, file, "--data-dir", data) == 1
    assert called(backup, tmp_path / "c.wkb", "--data-dir", tmp_path / "nowhere") == 1
    assert called(backup, tmp_path / "no" / "c.wkb", "--data-dir", data) == 1
    assert called(restore, tmp_path / "nothing", "--data-dir", data) == 2
    said = capsys.readouterr().err
    assert said.count("Traceback") == 0
    assert not (tmp_path / "nowhere").exists()

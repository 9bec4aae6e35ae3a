"""Keys of a data directory: made, asked for, revoked, while a service runs."""

import json

import httpx
import pytest
from services import running

from monitor.cli import run
from monitor.cli.key import key
from monitor.core.errors import SettingError
from monitor.service.key_file import FILE, KeyFile
from monitor.settings import load


def called(capsys, *arguments):
    code = run(lambda **options: key.main([str(a) for a in arguments], **options))
    said = capsys.readouterr()
    return code, said.out.strip(), said.err.strip()


def test_a_key_is_made_printed_once_and_asked_for_until_it_is_revoked(tmp_path, capsys):
    place = ("--data-dir", tmp_path / "data")
    with running(tmp_path / "data") as service:

        def status(*keys):
            headers = {"Authorization": f"Bearer {keys[0]}"} if keys else {}
            return httpx.get(f"{service.url}/v1/models", headers=headers).status_code

        assert status() == 200
        code, made, _ = called(capsys, "add", "ci", *place)
        assert code == 0
        assert (status(), status("x"), status(made)) == (401, 403, 200)
        code, said, _ = called(capsys, "list", *place)
        assert said.startswith("ci  20")
        assert made not in (tmp_path / "data" / FILE).read_text()
        assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
        assert called(capsys, "revoke", "ci", *place)[0] == 0
        assert (status(), status(made)) == (401, 403)


def test_what_cannot_be_is_one_line(tmp_path, capsys):
    place = ("--data-dir", tmp_path)
    assert called(capsys, "add", "ci", *place)[0] == 0

    code, _, said = called(capsys, "add", "ci", *place)
    assert (code, said.count("\n")) == (1, 0)
    assert "already" in said
    code, _, said = called(capsys, "revoke", "co", *place)
    assert code == 1
    assert "known: ci" in said
    assert called(capsys, "add")[0] == 2


@pytest.mark.parametrize("content", ["", "{}", '[{"name": 3}]', json.dumps([{"name": "a"}])])
def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path, content):
    (tmp_path / FILE).write_text(content)

    assert KeyFile(tmp_path / FILE).digests() == ()
    with pytest.raises(SettingError, match="cannot read"):
        KeyFile(tmp_path / FILE).held()


def test_a_digest_that_is_none_lets_nobody_in(tmp_path):
    made = {"name": "a", "digest": "xyz", "created_at": "2026-01-01T00:00:00Z"}
    (tmp_path / FILE).write_text(json.dumps([made]))

    assert KeyFile(tmp_path / FILE).digests() == ()


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingError, match="cannot"):
        KeyFile(tmp_path / "file" / FILE).add("ci", None)


def test_a_service_with_keys_in_its_directory_may_listen_to_others(tmp_path, capsys):
    flags = {"host": "0.0.0.0", "data_dir": tmp_path}
    with pytest.raises(SettingError, match="watchkeeper key add"):
        load(flags=flags)
    called(capsys, "add", "ci", "--data-dir", tmp_path)

    assert load(flags=flags).host == "0.0.0.0"

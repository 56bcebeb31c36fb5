import os
import sys

import pytest

import library


@pytest.fixture
def number(tmp_path):
    yield 5
    print("teardown", len(list(tmp_path.iterdir())))


def test_good(number, capsys):
    print("captured")
    assert capsys.readouterr().out == "captured\n"


def test_bad(number):
    print("shown with the failure")
    found = {"number": number, "list": [1, 2, 3]}
    assert found == {"number": 5, "list": [1, 2, 4]}, "own message"


def test_error():
    library.fail(2)


@pytest.mark.parametrize("value", ["a", "b"])
def test_each(value, capfd):
    os.system(f"echo {value}")
    assert capfd.readouterr().out == f"{value}\n" and value != "b"


@pytest.mark.skip(reason="later")
def test_skipped():
    raise AssertionError


@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_expected():
    library.fail(0)


def test_raises(monkeypatch, recwarn):
    monkeypatch.setattr(library, "value", 1)
    with pytest.raises(ZeroDivisionError, match="division") as caught:
        library.fail(1)
    library.warn("seen")
    assert len(recwarn) == 1 and caught.traceback[-1].name == "fail"
    assert sys.stdout is not sys.__stdout__

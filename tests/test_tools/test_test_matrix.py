"""Parts of tools/test_matrix.py; no environment is built."""
import json
import runpy
import stat
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def matrix():
    return types.SimpleNamespace(
        **runpy.run_path(str(ROOT / 'tools/test_matrix.py')))


def fake_python(folder, version, says):
    """An interpreter that says which version it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'python{version}'
    path.write_text(f'#!/bin/sh\n{says}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def pythons(tmp_path, monkeypatch):
    """A path and a pyenv without any interpreter."""
    monkeypatch.setenv('PATH', f'{tmp_path / "bin"}:/usr/bin:/bin')
    monkeypatch.setenv('PYENV_ROOT', str(tmp_path / 'pyenv'))
    return tmp_path


def test_the_cells(matrix):
    assert [cell.name for cell in matrix.CELLS] == [
        'pinned-3.10', 'pinned-3.11', 'pinned-3.12', 'openmmlab-3.10',
        'openmmlab-3.11']


def test_interpreters_are_asked_what_they_are(matrix, pythons):
    assert matrix.find_python('3.94') is None
    fake_python(pythons / 'bin', '3.94', 'exit 127')  # a shim
    assert matrix.find_python('3.94') is None
    versions = pythons / 'pyenv/versions'
    wanted = fake_python(versions / '3.94.2/bin', '3.94', 'echo 3.94')
    assert matrix.find_python('3.94') == wanted
    wanted = fake_python(pythons / 'bin', '3.94', 'echo 3.94')
    assert matrix.find_python('3.94') == wanted


def test_no_interpreter_is_told(matrix, pythons):
    result = matrix.run_cell(matrix.Cell('pinned', '3.94'), pythons / 'x', '')
    assert result.outcome.startswith('not tried: there is no python3.94')
    assert not (pythons / 'x').exists()


def test_a_failing_setup_is_told_and_tried_again(matrix, pythons):
    fake_python(pythons / 'bin', '3.94',
                'test "$1" = -c && echo 3.94 || { echo no venv >&2; exit 3; }')
    for _ in range(2):
        result = matrix.run_cell(matrix.Cell('openmmlab', '3.94'),
                                 pythons / 'x', 'abc')
        assert result.outcome == 'not tried: no environment, no venv'
        assert matrix.kept(pythons / 'x', 'abc') is None


def test_a_suite_that_hangs_is_ended(matrix, pythons, monkeypatch):
    monkeypatch.setitem(matrix.run_tests.__globals__, 'LONGEST', 1)
    python = fake_python(pythons, '3.94', 'echo collected; exec sleep 60')
    with open(pythons / 'log.txt', 'w') as log:
        assert matrix.run_tests(python, log) == 'FAILED: no end after 1 s'
    assert matrix.last_line(pythons / 'log.txt') == 'collected'
    assert matrix.is_bad('FAILED: no end after 1 s, collected')


def test_results_are_kept_for_the_same_sources(matrix, tmp_path):
    result = matrix.Result('passed, 9 passed', 77, 'abc')
    (tmp_path / 'result.json').write_text(json.dumps(result._asdict()))
    assert matrix.kept(tmp_path, 'abc') == result
    assert matrix.kept(tmp_path, 'other') is None
    (tmp_path / 'result.json').write_text('{')  # a killed process
    assert matrix.kept(tmp_path, 'abc') is None


def test_list_shows_known_results_and_builds_nothing(matrix, tmp_path,
                                                     capsys):
    folder = tmp_path / 'pinned-3.11'
    folder.mkdir()
    (folder / 'result.json').write_text(json.dumps(matrix.Result(
        'FAILED, 1 failed', 5, matrix.fingerprint())._asdict()))
    code = matrix.main(['--list', '--folder', str(tmp_path)])
    rows = capsys.readouterr().out.splitlines()
    assert code == 1 and len(rows) == 2 + len(matrix.CELLS)
    assert '| pinned | 3.11 | FAILED, 1 failed | 5 |' in rows
    assert sum('not tried' in row for row in rows) == 4
    assert [path.name for path in tmp_path.iterdir()] == ['pinned-3.11']


def test_a_run_of_nothing_is_a_failure(matrix, tmp_path, monkeypatch,
                                       capsys):
    monkeypatch.setitem(matrix.main.__globals__, 'find_python',
                        lambda version: None)
    assert matrix.main(['--folder', str(tmp_path / 'm')]) == 1
    assert capsys.readouterr().out.count('not tried: there is no') == 5


@pytest.mark.parametrize('outcome, bad', [
    ('passed, 9 passed', False), ('FAILED, 1 failed', True),
    ('not tried: no environment, no pins', True),
    ('not tried: there is no python3.10', False)])
def test_what_counts_as_a_failure(matrix, outcome, bad):
    assert matrix.is_bad(outcome) == bad


def test_unknown_cells_are_refused(matrix, capsys):
    with pytest.raises(SystemExit):
        matrix.parse_args(['--only', 'pinned-3.9'])
    assert "'pinned-3.9'" in capsys.readouterr().err


def test_the_older_stack(matrix, tmp_path):
    text = matrix.old_requirements('# why\nmmdet==3.3.0\nscipy==1; a\n'
                                   'scipy==2; b\nonnx==1.23.2\n')
    assert text == '# why\nmmdet==3.3.0\nscipy\nonnx\n'
    commands = matrix.setup_commands(
        matrix.Cell('openmmlab', '3.10'), 'py', tmp_path)
    assert 'torch==2.1.0' in commands[1] and 'mmcv==2.1.0' in commands[2]
    assert 'numpy==1.26.4' in (tmp_path / 'constraints.txt').read_text()
    [command] = matrix.setup_commands(
        matrix.Cell('pinned', '3.10'), 'py', tmp_path)
    assert f'VENV={tmp_path / "env"}' in command and 'PYTHON=py' in command


def test_the_setup_takes_another_folder():
    text = (ROOT / 'tools/setup_env.sh').read_text()
    assert 'VENV=${VENV:-.venv}' in text


def test_a_log_ends_with_its_last_words(matrix, tmp_path):
    log = tmp_path / 'log.txt'
    log.write_text('a\n===== 3 failed, 4 passed in 2s =====\n\n')
    assert matrix.last_line(log) == '3 failed, 4 passed in 2s'
    log.write_text('')
    assert matrix.last_line(log) == 'without a word'

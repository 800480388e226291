"""docs/scale.md has what its scripts compute, and these compute it rightly."""
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nano import ROOT
from torch import nn

sys.path.insert(0, str(ROOT / 'tools/benchmarks'))
import flops  # noqa: E402
import scale  # noqa: E402
from flops import count, parts  # noqa: E402
from shard_dealing import main as deal  # noqa: E402
from shard_dealing import simulate  # noqa: E402

DOCUMENT = (ROOT / 'docs/scale.md').read_text()
WORK = scale.Work(online=3e12, offline=2e12, label=1e12, literal=4e12)


@pytest.fixture(scope='module')
def rn50():
    return scale.build(scale.RECIPE)


def test_the_document_is_what_the_script_prints(rn50, monkeypatch, capsys):
    monkeypatch.setattr(scale, 'build', lambda recipe: rn50)
    scale.main()
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert len(lines) > 15
    assert not [line for line in lines if line not in DOCUMENT]


@pytest.mark.parametrize('arguments', [
    '--pairs 3300000 --shards 1024', '--pairs 100000000 --shards 10000'])
def test_the_document_has_what_the_simulation_prints(arguments, monkeypatch,
                                                     capsys):
    monkeypatch.setattr(sys, 'argv', ['shard_dealing.py', *arguments.split()])
    deal()
    assert capsys.readouterr().out.strip() in DOCUMENT


def test_the_document_has_the_arithmetic(rn50, monkeypatch, capsys):
    monkeypatch.setattr(flops, 'build', lambda recipe: rn50)
    monkeypatch.setattr(sys, 'argv', ['flops.py'])
    flops.main()
    assert capsys.readouterr().out.strip() in DOCUMENT


def test_operations_are_two_for_each_product():
    layer = nn.Conv2d(3, 5, 3, device='meta')
    image = torch.empty(1, 3, 10, 12, device='meta')
    assert count(lambda: layer(image)) == 2 * 8 * 10 * 5 * 3 * 9
    # of the pixels no gradient is wanted
    assert count(lambda: layer(image).sum().backward()) == 2 * (
        2 * 8 * 10 * 5 * 3 * 9)


def test_the_way_back_is_twice_the_way_there(rn50):
    found = parts(rn50, (160, 224))
    assert 1.95 < found['student, backward'] / found['student, forward'] < 2
    half = parts(rn50, (160, 224), kept=0.5)
    for name in ('RPN', 'teacher', 'trunk', 'text tower'):
        assert half[name] == found[name]
    assert half['student, forward'] < 0.6 * found['student, forward']


def test_a_training_on_paper():
    first, *_, last = scale.training(WORK, rate=1e12, gradients=10**6,
                                     embed_dim=1000)
    assert first[:3] == ['8, online', 96, '36.00 s']
    # 600,000 steps of 36 s
    assert first[3] == '250.0'
    assert first[4:6] == ['3', '0.0']
    # 7 others, 12 rows of 4000 bytes, both towers and a gradient
    assert first[6:8] == ['1.0', '7']
    assert first[9] == 'arithmetic of the GPUs'
    assert last[:3] == ['64, offline', 192, '6.00 s'] and last[3] == '20.8'
    fast = scale.training(WORK, rate=1e18, gradients=10**6, embed_dim=1000)
    assert {row[9] for row in fast} == {'loading'}


def test_equal_shards_that_divide_evenly_are_read_once():
    dealing = simulate(64_000, 64, 16, spread=0, seed=0)
    assert (dealing.fewest, dealing.most) == (4, 4)
    assert dealing[2:] == (1, 0, 0, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 60), st.floats(0, 0.3),
       st.integers(0, 5))
def test_nothing_is_lost_in_any_dealing(readers, more, spread, seed):
    shards = readers + more
    dealing = simulate(1000 * shards, shards, readers, spread, seed)
    assert sum(dealing[2:5]) == pytest.approx(1)
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in dealing[2:])
    # what some read again, others have left
    assert dealing.read_twice == pytest.approx(dealing.not_read, abs=0.2)
    if spread == 0:
        assert dealing.most - dealing.fewest <= 1


def test_fewer_shards_than_readers_are_refused(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['shard_dealing.py', '--shards', '332'])
    with pytest.raises(SystemExit, match='332 shards are refused for 512'):
        deal()

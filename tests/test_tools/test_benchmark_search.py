"""The benchmark of the search runs, and searches."""
import sys

import torch
from nano import ROOT

sys.path.insert(0, str(ROOT / 'tools/benchmarks'))
import search  # noqa: E402


def test_it_prints_times(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', (
        'search.py --regions 3000 --dim 128 --arch nano --queries 3').split())
    search.main()
    lines = capsys.readouterr().out.splitlines()
    assert '3000 regions, features of 128 numbers, 20 wanted' in lines[0]
    assert [line.split('|')[1].strip() for line in lines[3:]] == [
        'text tower (nano)', 'search', 'both']


def test_twenty_are_found():
    regions = search.synthetic(3000, 16)
    found = regions.nearest(torch.randn(16))
    assert len(found) == 20
    assert found[0].similarity >= found[-1].similarity > 0

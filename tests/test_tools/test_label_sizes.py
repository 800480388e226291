"""tools/benchmarks/label_sizes.py: labels of one size, losses at another."""
import runpy
import sys

import pytest
from nano import ROOT, make_vocabulary
from pair_data import encoded

SCRIPT = ROOT / 'tools/benchmarks/label_sizes.py'
HEAD = ['short side', 'regions', 'kept', 'acc_concept', 'loss_region_distill',
        'loss_concept_contrastive']


def test_at_the_size_of_the_labels_nothing_is_lost(tmp_path, monkeypatch,
                                                   capsys):
    main = runpy.run_path(str(SCRIPT))['main']
    monkeypatch.setitem(main.__globals__, 'SIZES', (640, 800))
    make_vocabulary(('cat', 'dog', 'bird', 'tree')).save(
        tmp_path / 'pool.pth')
    (tmp_path / 'images').mkdir()
    for number in range(2):
        (tmp_path / f'images/{number}.png').write_bytes(
            encoded(number, (96, 64), 'PNG'))
    monkeypatch.setattr(sys, 'argv', [
        'label_sizes.py', str(tmp_path / 'pool.pth'), '--images', '1',
        '--folder', str(tmp_path / 'images'), '--top-k', '4'])
    main()
    head, _, *lines = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in capsys.readouterr().out.splitlines()]
    assert head == HEAD
    rows = {(int(size), form): [float(value) for value in values]
            for size, form, *values in lines}
    assert sorted(rows) == [(640, 'offline'), (640, 'online'),
                            (800, 'offline'), (800, 'online')]
    for key in ((640, 'online'), (800, 'online'), (800, 'offline')):
        assert rows[key][1] == 100 and abs(rows[key][2]) < 1e-3
    assert rows[800, 'offline'] == pytest.approx(rows[800, 'online'], abs=1e-3)
    assert rows[640, 'offline'][2] > 1e-3

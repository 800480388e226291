"""tools/extract_proposals.py from a config to the file of a dataset."""
import runpy
import sys

import pytest
from mmengine.config import Config
from nano import CLASSES, ROOT, write_nano
from test_apis.test_proposal_file import data

from regionclip_mm.datasets.proposal_files import read_proposals

assert data  # a fixture: pictures with annotations


@pytest.fixture
def extract(data, monkeypatch):
    """The tool, with a config whose proposals are a grid."""
    config, weights = write_nano(data)
    cfg = Config.fromfile(config)
    dataset = dict(type='OVCocoDataset', metainfo=dict(classes=CLASSES),
                   ann_file=str(data / 'a.json'),
                   data_prefix=dict(img=str(data / 'val')))
    loader = dict(batch_size=2, num_workers=0, sampler=dict(
        type='DefaultSampler', shuffle=False))
    cfg.train_dataloader = dict(loader, dataset=dict(
        dataset, pipeline=[dict(type='PackDetInputs')]))
    cfg.test_dataloader = dict(loader, dataset=dict(
        dataset, test_mode=True, pipeline=cfg.test_dataloader.dataset.pipeline
    ))
    cfg.dump(config)

    def run(out, *options):
        monkeypatch.setattr(sys, 'argv', [
            'extract_proposals.py', config, weights, str(out), '--device',
            'cpu', *options])
        runpy.run_path(str(ROOT / 'tools/extract_proposals.py'),
                       run_name='__main__')
    return run


def test_of_each_loader(extract, data, capsys):
    extract(data / 'test.pkl')
    extract(data / 'train.pkl', '--loader', 'train')
    assert f'wrote {data}/train.pkl: proposals of 2' in capsys.readouterr().out
    found = read_proposals(str(data / 'train.pkl'))
    assert set(found) == {'val/100.png', 'val/101.png'}
    assert all(len(one['bboxes']) == len(one['scores']) > 0
               for one in found.values())
    assert (data / 'test.pkl').read_bytes() == (
        data / 'train.pkl').read_bytes()


def test_what_cannot_be(extract, data):
    with pytest.raises(SystemExit, match='has no val_dataloader; it has those '
                       'of: train, test'):
        extract(data / 'p.pkl', '--loader', 'val')
    with pytest.raises(SystemExit, match='--device cuda:9 cannot be used'):
        extract(data / 'p.pkl', '--device', 'cuda:9')
    with pytest.raises(SystemExit, match='gives probabilities alone; leave '
                       'out --logits'):
        extract(data / 'p.pkl', '--logits')
    assert not (data / 'p.pkl').exists()

"""An extraction that was interrupted goes on, to the same file."""
import pytest
from mmengine.registry import init_default_scope
from nano import nano_detector
from test_apis.test_proposal_file import LIVE, RPN, data, dataset

from regionclip_mm.apis import proposal_file, proposal_parts
from regionclip_mm.apis.proposal_parts import extract_in_parts
from regionclip_mm.io.arrays import load_arrays

assert data  # a fixture
LOADER = dict(batch_size=1, num_workers=0,
              sampler=dict(type='DefaultSampler', shuffle=False),
              collate_fn=dict(type='pseudo_collate'))


@pytest.fixture
def detector(monkeypatch):
    monkeypatch.setattr(proposal_parts, 'PART', 1)
    init_default_scope('mmdet')
    return nano_detector(proposals=dict(type='RPNProposals', rpn=RPN))


def extract(detector, data, name, **changes):
    done = []
    count = extract_in_parts(detector, dataset(data, LIVE), LOADER,
                             data / name, advance=done.append, **changes)
    assert sum(done) == count == 2
    return (data / name).read_bytes()


def extracted_parts(monkeypatch):
    found, run = [], proposal_file.extract_proposals

    def note(detector, batches, out, scores):
        found.append(out)
        return run(detector, batches, out, scores)
    monkeypatch.setattr(proposal_parts, 'extract_proposals', note)
    return found


def test_goes_on_behind_what_is_done(detector, data, monkeypatch):
    whole = extract(detector, data, 'whole.pkl')
    assert len(load_arrays(whole, 'whole.pkl')) == 2
    [bad] = data.glob('val/101.png')
    picture = bad.read_bytes()
    bad.write_bytes(b'')
    with pytest.raises(RuntimeError, match='cannot load image .*101.png'):
        extract(detector, data, 'p.pkl')
    assert not (data / 'p.pkl').exists()
    bad.write_bytes(picture)
    parts = extracted_parts(monkeypatch)
    assert extract(detector, data, 'p.pkl') == whole
    assert len(parts) == 1
    assert sorted(path.name for path in data.glob('*.p*')) == [
        'p.pkl', 'whole.pkl']


@pytest.mark.parametrize('change', ['weights', 'settings', 'scores'])
def test_parts_of_another_run_are_not_taken(change, detector, data,
                                            monkeypatch):
    [bad] = data.glob('val/101.png')
    picture = bad.read_bytes()
    bad.write_bytes(b'')
    with pytest.raises(RuntimeError):
        extract(detector, data, 'p.pkl')
    bad.write_bytes(picture)
    changes = dict(settings=dict(settings='other'),
                   scores=dict(scores='objectness_logits')).get(change, {})
    if change == 'weights':
        detector.proposal_source.head.rpn_cls.bias.data += 1
    parts = extracted_parts(monkeypatch)
    extract(detector, data, 'p.pkl', **changes)
    assert len(parts) == 2


def test_two_images_of_one_name(detector, data, monkeypatch):
    monkeypatch.setattr(proposal_file, 'image_key', lambda _: 'val/a.png')
    with pytest.raises(ValueError, match='two images are called val/a.png'):
        extract(detector, data, 'p.pkl')

import hashlib
import http.server
import os
import threading

import pytest
import torch
from mirror import Mirror
from nano import make_image, nano_detector

from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.weights import check_fit, plain_meta, plain_uri
from regionclip_mm.checkpoint import CheckpointError
from regionclip_mm.io import cache_folder, download


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', str(tmp_path / 'cache'))


@pytest.fixture(scope='module')
def detector():
    return nano_detector()


@pytest.fixture
def state(detector) -> dict:
    return dict(detector.state_dict())


@pytest.mark.parametrize('wrap', [
    lambda s: s, lambda s: dict(state_dict=s, meta={}),
    lambda s: {f'module.{k}': v for k, v in s.items()}])
def test_what_fits(detector, state, wrap):
    check_fit(detector, wrap(state))


def test_counters_and_text_encoder_may_be_absent(detector, state):
    for key in [k for k in state if k.endswith('num_batches_tracked')
                or k.startswith('text_encoder.')]:
        del state[key]
    check_fit(detector, state)


def test_text_encoder_may_be_surplus(state):
    visual = nano_detector()
    visual.text_encoder = None
    check_fit(visual, state)


@pytest.mark.parametrize('change, message', [
    (lambda s: s.pop('backbone.conv1.weight'),
     '1 missing: backbone.conv1.weight[.;]'),
    (lambda s: s.pop('text_encoder.model.text_projection.weight'),
     '1 missing: text_encoder.model.text_projection.weight[.;]'),
    (lambda s: s.update(extra=torch.zeros(1)), '1 surplus: extra[.;]'),
    (lambda s: s.update({'backbone.conv1.weight': torch.zeros(2, 3)}),
     r'1 misshapen: backbone.conv1.weight is \(2, 3\), not \(\d+, 3, 3, 3\)'),
    (lambda s: [s.pop(k) for k in list(s)], r'and \d+ more[.;]')])
def test_what_does_not_fit_is_named(detector, state, change, message):
    change(state)
    with pytest.raises(CheckpointError, match=message):
        check_fit(detector, state)


def test_addresses(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert plain_uri('~/a.pth') == f'plain://{tmp_path}/a.pth'
    assert plain_uri(tmp_path / 'a.pth') == f'plain://{tmp_path}/a.pth'
    assert plain_uri('clip://RN50') == 'clip://RN50'
    assert plain_uri(None) is None


def test_address_of_the_web(nano_files):
    folder, name = os.path.split(nano_files[1])

    class Handler(http.server.SimpleHTTPRequestHandler):
        requests = []

        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *args):
            self.requests.append(self.path)

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}/{name}?download=1'
    for _ in range(2):
        detect = RegionInferencer(nano_files[0], url, device='cpu',
                                  show_progress=False)
    assert len(Handler.requests) == 1
    other = plain_uri(url.replace('download=1', 'version=2'))
    server.shutdown()
    assert other != plain_uri(url)  # another file, though of the same name
    assert os.path.exists(other.removeprefix('plain://'))
    assert len(Handler.requests) == 2
    assert detect(make_image(), texts='cat')['predictions'][0]['scores']


@pytest.mark.parametrize('value', [
    float('nan'), float('inf'), -float('inf')])
def test_weights_that_are_not_finite(value):
    detector = nano_detector()
    state = {k: v.clone() for k, v in detector.state_dict().items()}
    state['backbone.conv1.weight'][0, 0, 0, 0] = value
    with pytest.raises(CheckpointError, match='1 not finite numbers: '
                       'backbone.conv1.weight[.;]'):
        check_fit(detector, dict(state_dict=state))


def test_counters_that_are_no_tensors():
    detector = nano_detector()
    state = dict(detector.state_dict())
    key = next(k for k in state if k.endswith('num_batches_tracked'))
    with pytest.raises(CheckpointError, match=f'1 of another kind: {key} is '
                       'of type str'):
        check_fit(detector, {**state, key: 'many'})


@pytest.mark.parametrize('change, kind', [
    (lambda v: v.int(), r'torch.int32, not torch.float32'),
    (lambda v: v > 0, 'torch.bool, not torch.float32'),
    (lambda v: v + 0j, 'torch.complex64, not torch.float32'),
    (lambda v: v.to(torch.float8_e5m2), 'torch.float8_e5m2, not'),
    (lambda v: v.to_sparse(), 'sparse, quantized or without values'),
    (lambda v: v.to('meta'), r'sparse, .*strided, torch.float32, meta\)'),
    (lambda v: torch.quantize_per_tensor(v, 0.1, 0, torch.qint8),
     r'sparse, quantized .*torch.qint8, cpu\)')])
@pytest.mark.filterwarnings('ignore')
def test_weights_of_another_kind(detector, state, change, kind):
    state['backbone.conv1.weight'] = change(state['backbone.conv1.weight'])
    with pytest.raises(CheckpointError, match='1 of another kind: '
                       f'backbone.conv1.weight is {kind}'):
        check_fit(detector, state)


def test_weights_in_half_precision_fit(detector, state):
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        check_fit(detector, {k: v.to(dtype) if v.is_floating_point() else v
                             for k, v in state.items()})


@pytest.mark.parametrize('meta', [
    3, [1], None, dict(dataset_meta=3), dict(dataset_meta={3: 4}), {1: 2}])
def test_meta_of_any_type(nano_files, tmp_path, meta):
    data = torch.load(nano_files[1])
    torch.save(dict(data, meta=meta), tmp_path / 'a.pth')
    detect = RegionInferencer(nano_files[0], str(tmp_path / 'a.pth'),
                              device='cpu', show_progress=False)
    assert detect.model.dataset_meta['classes'] == ()


@pytest.mark.parametrize('known, palette', [
    (dict(PALETTE='voc'), dict(PALETTE='voc')), (3, dict(palette='random')),
    (dict(palette=[(1, 2, 3)]), dict(palette=[(1, 2, 3)])),
    (dict(classes=('a', )), dict(palette='random'))])
def test_palette_of_a_checkpoint_is_kept(known, palette):
    kept = plain_meta(dict(meta=dict(dataset_meta=known)))['dataset_meta']
    assert {k: v for k, v in kept.items() if k != 'classes'} == palette


@pytest.mark.parametrize('url', [
    'http://127.0.0.1:1/x.pth', 'http://[/x.pth', 'https://a b/x'])
def test_address_that_does_not_work(monkeypatch, url):
    monkeypatch.setattr(download.time, 'sleep', lambda seconds: None)
    with pytest.raises(CheckpointError,
                       match='http.*could not be downloaded.*heck the '
                       'address'):
        plain_uri(url)


def test_a_connection_that_breaks(nano_files, monkeypatch):
    """Half a file is never taken for the weights, now or later."""
    monkeypatch.setattr(download.time, 'sleep', lambda seconds: None)
    with open(nano_files[1], 'rb') as weights:
        content = weights.read()
    mirror = Mirror(content, cuts=[1000] * 4, ranges=False)
    url = f'{mirror.url}/x.pth'
    try:
        with pytest.raises(CheckpointError, match=f'{url} could not be down'
                           f'loaded .*broke after 1000 of {len(content)}'):
            plain_uri(url)
        path = plain_uri(url).removeprefix('plain://')
    finally:
        mirror.shutdown()
        mirror.server_close()
    with open(path, 'rb') as weights:
        assert weights.read() == content
    assert len(mirror.requests) == 5


def test_a_part_of_a_killed_download_is_not_continued(monkeypatch):
    """The file may have been replaced since; no hash would tell."""
    mirror = Mirror(b'new' * 100)
    url = f'{mirror.url}/x.pth'
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    folder = cache_folder() / 'weights'
    folder.mkdir(parents=True)
    (folder / f'{address}-x.pth.part').write_bytes(b'old')
    try:
        path = plain_uri(url).removeprefix('plain://')
    finally:
        mirror.shutdown()
        mirror.server_close()
    with open(path, 'rb') as weights:
        assert weights.read() == b'new' * 100
    assert not list(folder.glob('*.part'))


def test_missing_config():
    with pytest.raises(FileNotFoundError, match='no config file nowhere.py'):
        RegionInferencer('nowhere.py')

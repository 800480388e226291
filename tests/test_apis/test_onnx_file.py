"""The exported image branch gives what the detector gives."""
import json

import pytest
import torch
from exported import expected, needs_exporter, open_session, picture, run
from mmengine.config import Config, ConfigDict
from nano import ROOT, make_vocabulary, nano_detector, nano_model
from nano_transfer import transfer

from mmdet.registry import MODELS
from regionclip_mm import __version__
from regionclip_mm.apis import RegionInferencer, onnx_file
from regionclip_mm.apis.image_branch import ImageBranch
from regionclip_mm.apis.onnx_file import export_onnx
from regionclip_mm.text import Vocabulary

pytestmark = needs_exporter
NANO = ROOT / 'projects/emoji_world'
SIZES = ((75, 110), (160, 96), (16, 333))


def check_equal(path, detector, vocabulary, sizes=SIZES, **more):
    for height, width in sizes:
        image, boxes = picture(height, width, 4)
        found = run(path, image=image, boxes=boxes, **more)
        wanted = expected(detector, image, boxes, vocabulary)
        for name in ('embeddings', 'logits'):
            torch.testing.assert_close(torch.from_numpy(found[name]),
                                       wanted[name], atol=1e-4, rtol=0)
    assert wanted['logits'].std() > 0.1


@pytest.fixture(scope='module')
def trained():
    return RegionInferencer(
        str(NANO / 'configs/regionclip_nano.py'),
        str(NANO / 'weights/regionclip_nano.pth'), device='cpu').model


@pytest.fixture(scope='module')
def words_outside(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp('onnx') / 'new' / 'nano.onnx'
    assert export_onnx(trained, path) < 1e-4
    return path


def test_the_trained_detector_with_any_words(trained, words_outside):
    for names in (('cat', ), ('cat', 'zebra', 'slice of pizza')):
        vocabulary = make_vocabulary(names)
        check_equal(words_outside, trained, vocabulary,
                    text_embeddings=vocabulary.embeddings)


def test_no_region_is_no_error(words_outside):
    image, boxes = picture(64, 64, 0)
    found = run(words_outside, image=image, boxes=boxes[:0],
                text_embeddings=torch.ones(3, 128))
    assert found['embeddings'].shape == (0, 128)
    assert found['logits'].shape == (0, 4)


def test_metadata_say_what_a_user_must_know(words_outside):
    facts = open_session(words_outside).get_modelmeta().custom_metadata_map
    assert facts['regionclip_mm'] == __version__
    assert facts['arch'] == 'nano' and 'RGB' in facts['image']
    assert json.loads(facts['temperature']) == 0.024
    assert json.loads(facts['mean']) == pytest.approx(
        [122.7709383, 116.7460125, 104.09373615])
    assert json.loads(facts['std'])[2] == pytest.approx(70.32316305)
    assert 'a photo of a {}' in json.loads(facts['prompt_templates'])
    assert 'names' not in facts


def test_refined_boxes_are_decoded_and_clipped(tmp_path):
    detector = transfer('coco', dict(type='GridProposals')).eval()
    torch.nn.init.normal_(detector.roi_head.bbox_head.fc_reg.weight, std=0.3)
    vocabulary, path = make_vocabulary(), tmp_path / 'boxes.onnx'
    export_onnx(detector, path, vocabulary, opset=21)
    facts = open_session(path).get_modelmeta().custom_metadata_map
    assert json.loads(facts['names']) == ['cat', 'dog', 'traffic cone']
    check_equal(path, detector, vocabulary)
    for height, width in SIZES:
        image, boxes = picture(height, width, 4)
        boxes = boxes[[0, 3, 4, 5, 6, 7]]  # those with an area inside
        wanted = detector.roi_head.bbox_head.bbox_coder.decode(
            boxes, expected(detector, image, boxes, vocabulary)['deltas'],
            max_shape=(height, width))
        found = torch.from_numpy(
            run(path, image=image, boxes=boxes)['refined_boxes'])
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=0)
        assert (found - boxes).abs().max() > 1


@pytest.mark.slow
def test_rn50_at_random_weights(tmp_path):
    rn50 = Config.fromfile(ROOT / 'configs/_base_/models/regionclip_rn50.py')
    torch.manual_seed(0)
    detector = MODELS.build(ConfigDict(
        rn50.rn50, proposal_source=dict(type='GridProposals'),
        test_cfg=nano_model()['test_cfg'])).eval()
    for module in detector.modules():  # each residual branch takes part
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    vocabulary = make_vocabulary(dim=1024)
    export_onnx(detector, tmp_path / 'rn50.onnx')
    check_equal(tmp_path / 'rn50.onnx', detector, vocabulary,
                text_embeddings=vocabulary.embeddings)


@pytest.mark.parametrize('opset', [17, 22])
def test_other_opsets_are_refused(opset, tmp_path):
    with pytest.raises(ValueError, match=f'opset {opset} is not supported: '
                       'give one from 18 to 21'):
        export_onnx(None, tmp_path / 'x.onnx', opset=opset)


def test_a_missing_package_is_named_with_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr(onnx_file, 'find_spec', lambda name: None
                        if name == 'onnxscript' else True)
    with pytest.raises(ImportError, match='^onnxscript must be installed .*'
                       r"pip install 'regionclip_mm\[export\]'"):
        export_onnx(None, tmp_path / 'x.onnx')


def test_a_vocabulary_of_another_clip_is_refused(tmp_path):
    words = Vocabulary(('cat', ), torch.ones(1, 640))
    with pytest.raises(ValueError, match='640-dimensional .* gives 128'):
        export_onnx(nano_detector(), tmp_path / 'x.onnx', words)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_equal_is_not_written(monkeypatch, tmp_path):
    monkeypatch.setattr(onnx_file, '_traced', lambda *_: Fake())
    monkeypatch.setattr(onnx_file, 'largest_difference', lambda *_: 0.5)
    with pytest.raises(RuntimeError, match='differ .* by 0.5'):
        export_onnx(nano_detector(), tmp_path / 'x.onnx')
    assert not list(tmp_path.iterdir())


class Fake:
    """Stands for what torch's exporter gives."""

    def __init__(self):
        self.model, self.metadata_props = self, {}

    def save(self, path):
        open(path, 'wb').close()


@pytest.mark.parametrize('change, message', [
    (dict(sampling_ratio=2), 'sampling_ratio=2'),
    (dict(aligned=False), 'aligned=False'),
    (dict(pool_mode='max'), "pool_mode='max'")])
def test_another_roi_align_is_refused(change, message):
    detector = nano_detector()
    layer = detector.roi_head.bbox_roi_extractor.roi_layers[0]
    vars(layer).update(change)
    with pytest.raises(ValueError, match=message):
        ImageBranch(detector)


def test_other_detectors_are_refused():
    with pytest.raises(ValueError, match="type='Linear': only a RegionCLIP"):
        ImageBranch(torch.nn.Linear(1, 1))
    detector = nano_detector()
    detector.roi_head.bbox_head = torch.nn.Identity()
    with pytest.raises(ValueError, match="bbox_head is of type 'Identity'"):
        ImageBranch(detector)
    detector = nano_detector()
    detector.roi_head.bbox_head.fc_cls = torch.nn.Linear(128, 3)
    with pytest.raises(ValueError, match="only 'TextEmbeddingClassifier'"):
        ImageBranch(detector)
    detector = nano_detector()
    detector.data_preprocessor._enable_normalize = False
    with pytest.raises(ValueError, match='no mean and std'):
        ImageBranch(detector)
    detector = nano_detector()
    detector.data_preprocessor._channel_conversion = False
    with pytest.raises(ValueError, match='bgr_to_rgb=False'):
        ImageBranch(detector)


def test_words_that_are_baked_in_are_not_those_of_the_detector():
    detector = nano_detector()
    before = detector.vocabulary
    ImageBranch(detector, make_vocabulary())
    assert detector.vocabulary is before


def test_more_weights_than_a_file_takes(monkeypatch):
    monkeypatch.setattr(onnx_file, 'MOST_BYTES', 1000)
    with pytest.raises(ValueError, match='GB of weights; an ONNX file takes'):
        onnx_file.check_size(ImageBranch(nano_detector()))


def test_an_older_torch_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(onnx_file, 'OLDEST_TORCH', (99, 1))
    with pytest.raises(ImportError, match='needs torch 99.1 or later'):
        onnx_file.export_onnx(nano_detector(), tmp_path / 'a.onnx')

"""projects/onnx_runtime with a file of tools/export_onnx.py."""
import json
import runpy

import numpy as np
import pytest
import torch
from exported import needs_exporter, open_session
from nano import ROOT, make_image
from PIL import Image

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from projects.onnx_runtime import detect as project
from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.image_loading import load_image

pytestmark = needs_exporter
CONFIG = str(ROOT / 'projects/emoji_world/configs/regionclip_nano.py')
WEIGHTS = str(ROOT / 'projects/emoji_world/weights/regionclip_nano.pth')
NAMES = ['cat', 'slice of pizza', 'boat', 'zebra']


@pytest.fixture
def main(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    return runpy.run_path(str(ROOT / 'tools/export_onnx.py'))['main']


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A file with four classes, made by the tool."""
    path = tmp_path_factory.mktemp('onnx') / 'baked.onnx'
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools'))
        tool = runpy.run_path(str(ROOT / 'tools/export_onnx.py'))
        tool['main']([CONFIG, WEIGHTS, '--out', str(path),
                      '--vocabulary', *NAMES])
    return path


@pytest.fixture(scope='module')
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp('picture') / 'a.png'
    Image.fromarray(make_image(200, 256)[..., ::-1]).save(path)
    return str(path)


def of_detector(pixels):
    """Detections of the package on the windows of a grid."""
    detect = RegionInferencer(CONFIG, WEIGHTS, device='cpu')
    detector = detect.model
    detector.proposal_source = MODELS.build(dict(type='GridProposals'))
    detector.test_cfg.rcnn.update(objectness='none', score_thr=0.1,
                                  max_per_img=-1,
                                  nms=dict(type='nms', iou_threshold=0.3))
    detector.set_vocabulary(NAMES)
    sample = DetDataSample(metainfo=dict(
        img_shape=pixels.shape[2:], scale_factor=(1, 1)))
    inputs = detector.data_preprocessor(dict(
        inputs=[torch.from_numpy(pixels[0, ::-1].copy())],
        data_samples=[sample]))['inputs']
    with torch.no_grad():
        [sample] = detector.predict(inputs, [sample], rescale=False)
    return sample.proposals.bboxes.numpy(), sample.pred_instances


def test_it_finds_what_the_package_finds(model, picture):
    pixels, scale = project.read_image(picture, scale=1.25)
    assert pixels.shape == (1, 3, 250, 320) and scale.tolist() == [1.25] * 2
    boxes, wanted = of_detector(pixels)
    np.testing.assert_allclose(project.grid(320, 250), boxes, atol=1e-3)
    found = project.detect(open_session(model), pixels, boxes, NAMES,
                           score_thr=0.1, iou_threshold=0.3)
    assert len(found) > 3
    assert [one['name'] for one in found] == wanted.label_names
    np.testing.assert_allclose([one['score'] for one in found],
                               wanted.scores, atol=1e-4)
    np.testing.assert_allclose([one['box'] for one in found],
                               wanted.bboxes, atol=1e-2)


def test_boxes_of_a_file_are_in_original_pixels(model, picture, tmp_path,
                                                capsys):
    boxes = np.array([[10, 20, 110, 120.], [250, 190, 300, 300]])
    np.save(tmp_path / 'boxes.npy', boxes)
    found = project.main([str(model), picture, '--boxes',
                          str(tmp_path / 'boxes.npy'), '--short-side', '250',
                          '--score-thr', '-1', '--iou-threshold', '1'])
    assert len(found) == 2 * len(NAMES)
    assert {tuple(np.round(one['box'], 3)) for one in found} == {
        (10, 20, 110, 120), (250, 190, 256, 200)}
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == found


def test_thin_and_long_images(tmp_path):
    """As mmdet's ResizeShortestEdge; at least a cell of the network."""
    path = str(tmp_path / 'a.png')
    Image.new('RGB', (1000, 10)).save(path)
    pixels, scales = project.read_image(path)
    assert pixels.shape == (1, 3, 16, 1000) and scales.tolist() == [1, 1.6]
    Image.new('RGB', (3000, 1000)).save(path)
    pixels, scales = project.read_image(path, short_side=800, max_side=1333)
    assert pixels.shape == (1, 3, 444, 1333)
    np.testing.assert_allclose(scales, 0.4443, atol=4e-4)


def test_no_boxes_no_detections(model, picture, tmp_path):
    np.save(tmp_path / 'none.npy', np.zeros((0, 4)))
    assert project.main([str(model), picture, '--boxes',
                         str(tmp_path / 'none.npy')]) == []


def test_words_are_baked_in_or_given(model, tmp_path):
    with pytest.raises(SystemExit, match='leave --words out'):
        project.words_of(open_session(model), 'words.npz')
    np.savez(tmp_path / 'w.npz', names=['a', 'b'], embeddings=np.eye(2))

    class Open:
        custom_metadata_map = {}

        def get_modelmeta(self):
            return self

    names, embeddings = project.words_of(Open(), str(tmp_path / 'w.npz'))
    assert names == ['a', 'b'] and embeddings.shape == (2, 2)
    with pytest.raises(SystemExit, match='has no classes: give --words'):
        project.words_of(Open(), None)


@pytest.mark.parametrize('kind', ['16 bit', 'transparent', 'turned'])
def test_pixels_are_those_of_the_package(kind, tmp_path):
    path = tmp_path / ('a.jpg' if kind == 'turned' else 'a.png')
    pixels = make_image(40, 60, 3)
    if kind == '16 bit':
        Image.fromarray(np.linspace(0, 65535, 60).astype(np.uint16)[None]
                        .repeat(40, 0)).save(path)
    elif kind == 'transparent':
        image = Image.fromarray(pixels).convert('RGBA')
        image.putalpha(90)
        image.save(path)
    else:
        tags = Image.Exif()
        tags[0x112] = 6
        Image.fromarray(pixels).save(path, exif=tags)
    found, _ = project.read_image(str(path))
    wanted = load_image(str(path))[..., ::-1].transpose(2, 0, 1)
    assert found[0].shape == wanted.shape
    np.testing.assert_allclose(found[0], wanted, atol=1)


@pytest.mark.parametrize('boxes, message', [
    (np.zeros((2, 3)), r'shape \(N, 4\)'), (np.zeros((3, 8)), 'shape'),
    (np.full((1, 4), np.nan), 'finite'), (np.array(['a']), 'npy|shape|finite'),
    (np.array([[5., 5, 1, 9]]), 'boxes without area'), (None, 'no .npy file')])
def test_boxes_that_are_none(boxes, message, tmp_path):
    path = tmp_path / 'boxes.npy'
    if boxes is None:
        path.write_text('{"a": 1}')
    else:
        np.save(path, boxes)
    with pytest.raises(SystemExit, match=message):
        project.read_boxes(str(path))


@pytest.mark.parametrize('args, message', [
    (['a.onnx', 'a.png', '--scale', '0'], '0 is not above 0'),
    (['a.onnx', 'a.png', '--short-side', '-5'], '-5 is not above 0')])
def test_sizes_that_are_none(args, message, capsys):
    with pytest.raises(SystemExit):
        project.main(args)
    assert message in capsys.readouterr().err


def test_files_that_are_none(model, tmp_path):
    (tmp_path / 'a').write_text('no')
    with pytest.raises(SystemExit, match='a cannot be run: '):
        project.main([str(tmp_path / 'a'), 'a.png'])
    with pytest.raises(SystemExit, match='a is no image that can be read'):
        project.main([str(model), str(tmp_path / 'a')])


def test_nms_keeps_the_best_of_what_overlaps():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30.]])
    assert project.nms(boxes, np.array([.5, .9, .7]), 0.5) == [1, 2]
    assert project.nms(boxes, np.array([.5, .9, .7]), 0.9) == [1, 2, 0]
    assert project.nms(boxes[:0], np.zeros(0), 0.5) == []


@pytest.mark.parametrize('args, message', [
    (['no.py', WEIGHTS], 'there is no config file no.py'),
    ([CONFIG, 'no.pth'], 'there is no checkpoint no.pth'),
    ([CONFIG, WEIGHTS, '--vocabulary', 'no.pth'],
     'there is no vocabulary file no.pth')])
def test_missing_files_of_the_tool(main, args, message):
    with pytest.raises(SystemExit, match=message):
        main([*args, '--out', 'x.onnx'])


@pytest.mark.parametrize('args, message', [
    (['--opset', '17'], 'opset 17 is not supported: give one from 18 to 21'),
    (['--out', str(ROOT)], 'is in the way')])
def test_wrong_options_of_the_tool(main, args, message, tmp_path):
    with pytest.raises((ValueError, OSError), match=message):
        main([CONFIG, WEIGHTS, '--out', str(tmp_path / 'x.onnx'), *args])


def test_wrong_weights(main, tmp_path):
    other = ROOT / 'projects/emoji_world/weights/clip_nano_encoder.pth'
    with pytest.raises(ValueError, match='the weights do not fit the model'):
        main([CONFIG, str(other), '--out', str(tmp_path / 'x.onnx')])


def test_a_missing_package_ends_the_tool_in_a_line(main, monkeypatch):
    from regionclip_mm.apis import onnx_file
    monkeypatch.setattr(onnx_file, 'find_spec', lambda name: None)
    with pytest.raises(SystemExit, match=r'^error: onnx, onnxscript, '
                       r'onnxruntime must .*regionclip_mm\[export\]'):
        main([CONFIG, WEIGHTS, '--out', 'x.onnx'])

"""Images that are damaged or unusual, through the inferencer."""
import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from nano import ROOT, make_image, write_nano
from PIL import Image

from regionclip_mm.apis import ImageError, RegionInferencer, image_feed


@pytest.fixture
def folder(tmp_path):
    """a.png and d.jpg are images, b.jpg is cut off, c.png is empty."""
    cv2.imwrite(str(tmp_path / 'a.png'), make_image())
    cv2.imwrite(str(tmp_path / 'd.jpg'), make_image())
    whole = (tmp_path / 'd.jpg').read_bytes()
    (tmp_path / 'b.jpg').write_bytes(whole[:len(whole) // 2])
    (tmp_path / 'c.png').touch()
    return tmp_path


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """An inferencer that looks at the whole image only."""
    files = write_nano(tmp_path_factory.mktemp('whole'),
                       proposals=dict(type='WholeImageProposals'))
    return RegionInferencer(*files, device='cpu', show_progress=False)


@pytest.fixture(scope='module')
def with_rpn(tmp_path_factory):
    """An inferencer with a small RPN that has a pixel space of its own."""
    fragment = ROOT / 'configs/_base_/proposals/rpn_r50_fpn_lvis866.py'
    rpn = Config.fromfile(str(fragment)).rpn
    rpn.backbone.update(depth=18, base_channels=8, stem_channels=8,
                        style='pytorch')
    rpn.neck.update(in_channels=[8, 16, 32, 64], out_channels=8)
    rpn.rpn_head.update(in_channels=8, feat_channels=8)
    rpn.test_cfg.rpn.max_per_img = 20
    files = write_nano(tmp_path_factory.mktemp('rpn'),
                       proposals=dict(type='RPNProposals', rpn=rpn))
    return RegionInferencer(*files, device='cpu', show_progress=False)


def inside(prediction: dict, width: int, height: int) -> bool:
    found = np.array(prediction['bboxes'])
    return len(found) > 0 and bool(
        (found >= 0).all() and (found[:, 0::2] <= width + 1e-3).all()
        and (found[:, 1::2] <= height + 1e-3).all()
        and (found[:, 2:] > found[:, :2]).all())


@pytest.mark.parametrize('name, message', [
    ('b.jpg', 'b.jpg is damaged'), ('c.png', 'c.png is an empty file'),
    ('x.png', 'x.png does not exist')])
def test_one_that_cannot_be_read(detect, folder, name, message):
    with pytest.raises(ImageError, match=message):
        detect(str(folder / name), texts='cat')


@pytest.mark.parametrize('batch_size', [1, 3])
def test_others_are_kept(detect, folder, batch_size, monkeypatch):
    said = []
    monkeypatch.setattr(image_feed, 'print_log',
                        lambda text, *args: said.append(text))
    out = folder / 'out'
    results = detect(str(folder), texts='cat', batch_size=batch_size,
                     out_dir=str(out), no_save_pred=False)
    assert [p['img_path'][-5:] for p in results['predictions']] == [
        'a.png', 'd.jpg']
    assert [(s['index'], s['file_name'][-5:]) for s in results['skipped']] == [
        (1, 'b.jpg'), (2, 'c.png')]
    assert 'damaged' in results['skipped'][0]['reason']
    assert len(said) == 1
    assert said[0].startswith('2 of 4 images were skipped: ')
    data = json.loads((out / 'predictions.json').read_text())
    assert len(data['images']) == len(data['skipped']) == 2
    assert len(list((out / 'vis').iterdir())) == 2


def closed(path) -> Image.Image:
    image = Image.open(path)
    image.close()
    return image


@pytest.mark.parametrize('make, message', [
    (lambda folder: Image.open(folder / 'b.jpg'),
     r'b.jpg of mode RGB cannot be decoded: .*truncated'),
    (lambda folder: closed(folder / 'a.png'), 'a.png of mode RGB cannot be'),
    (lambda folder: Image.new('La', (9, 9)), 'Image of mode La cannot be'),
    (lambda folder: {}, 'needs img or img_path; this one has nothing'),
    (lambda folder: dict(path='a.png'), 'img_path; this one has path'),
    (lambda folder: dict(img=dict()), 'this one has nothing'),
    (lambda folder: 's3://bucket/a.png', r's3://bucket/a.png cannot be read'),
    (lambda folder: np.zeros((9, 9), 'm8[s]'), r'timedelta64\[s\] is no imag'),
    (lambda folder: np.zeros((9, 9), complex), 'of complex128 is no image'),
    (lambda folder: np.zeros((9, 9), [('a', int)]), 'is no image: give uint8'),
])
def test_one_that_is_odd_is_skipped(detect, folder, make, message):
    """Alone it is an error, for which a call without a list will do."""
    with pytest.raises(ImageError, match=message):
        detect(make(folder), texts='cat')
    for texts in ('cat', ['cat', 'dog']):
        found = detect([make(folder), str(folder / 'd.jpg')], texts=texts)
        assert len(found['predictions']) == 1
        (skipped, ) = found['skipped']
        assert skipped['index'] == 0
        with pytest.raises(ImageError, match=message):
            raise ImageError(skipped['reason'])


def test_a_dict_is_an_image_whatever_the_texts(detect, folder):
    images = [dict(img=make_image()), dict(img_path=str(folder / 'd.jpg'))]
    for texts in ('cat', ['cat', 'dog']):
        assert detect(images, texts=texts)['skipped'] == []


def test_texts_stay_with_their_images(detect, folder):
    paths = [str(folder / n) for n in ('b.jpg', 'a.png', 'c.png', 'd.jpg')]
    found = detect(paths, texts=['u', 'v', 'w', 'x'], batch_size=2)
    assert [set(p['label_names']) for p in found['predictions']] == [
        {'v'}, {'x'}]


def test_none_can_be_read(detect, folder):
    with pytest.raises(ImageError, match='none of the 2 images.*b.jpg'):
        detect([str(folder / 'b.jpg'), str(folder / 'c.png')], texts='cat')


def test_no_images_at_all(detect, tmp_path):
    with pytest.raises(ImageError, match='has no images in it .*.jpg'):
        detect(str(tmp_path), texts='cat')
    with pytest.raises(ValueError, match='no inputs: the list is empty'):
        detect([], texts='cat')


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (300, 1)])
def test_tiny(whole, with_rpn, size):
    height, width = size
    found = whole(make_image(height, width), texts='cat', return_vis=True)
    assert inside(found['predictions'][0], width, height)
    assert inside(with_rpn(make_image(height, width), texts='cat')[
        'predictions'][0], width, height)


def test_thin(whole, with_rpn):
    for width, height in ((20000, 10), (10, 20000)):
        for detect in (whole, with_rpn):
            found = detect(make_image(height, width), texts='cat',
                           return_vis=True)
            assert found['visualization'][0].shape == (height, width, 3)
            assert inside(found['predictions'][0], width, height)


def test_batch_of_unequal_images(with_rpn):
    images = [make_image(1, 1), make_image(10, 2000), make_image(80, 60)]
    found = with_rpn(images, texts='cat', batch_size=3)['predictions']
    for image, prediction in zip(images, found):
        assert inside(prediction, image.shape[1], image.shape[0])


def test_too_thin_for_the_pipeline(detect):
    with pytest.raises(ImageError, match='30000 x 2 pixels does not pass the '
                       'test pipeline: '):
        detect(make_image(2, 30000), texts='cat')


@pytest.mark.parametrize('kind', ['L', 'RGBA', 'LA', 'P', 'I;16', 'CMYK'])
def test_kinds_of_pixels(detect, tmp_path, kind):
    image = Image.fromarray(make_image()[..., ::-1])
    if kind == 'I;16':
        image = Image.fromarray(make_image()[..., 0].astype(np.uint16) * 257)
    else:
        image = image.convert(kind)
    path = tmp_path / ('a.tif' if kind == 'CMYK' else 'a.png')
    image.save(path)
    found = detect(str(path), texts='cat', out_dir=str(tmp_path / 'out'))
    assert inside(found['predictions'][0], 80, 60)
    picture = cv2.imread(str(tmp_path / 'out/vis' / path.name))
    zoom = picture.shape[0] // 60  # drawn larger, so that labels are read
    assert picture.shape == (60 * zoom, 80 * zoom, 3) and zoom > 1


def test_rotated_by_the_camera(detect, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(make_image()[..., ::-1]).save(
        tmp_path / 'a.jpg', exif=exif, quality=95)
    found = detect(str(tmp_path / 'a.jpg'), texts='cat', return_vis=True,
                   out_dir=str(tmp_path), no_save_pred=False)
    assert inside(found['predictions'][0], 60, 80)  # upright
    assert found['visualization'][0].shape == (80, 60, 3)
    entry, = json.loads((tmp_path / 'predictions.json').read_text())['images']
    assert (entry['height'], entry['width']) == (80, 60)

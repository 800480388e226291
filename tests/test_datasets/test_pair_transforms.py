"""Loading images of pairs and choosing captions."""
import io
import zlib

import cv2
import numpy as np
import pytest
from pair_data import encoded
from PIL import Image

from mmdet.registry import TRANSFORMS
from regionclip_mm.datasets import LoadEncodedImage, RandomCaption
from regionclip_mm.io.skipped_data import BAD_IMAGE, NO_CAPTION, BadSampleError
from regionclip_mm.text.tokenizer import CLIPTokenizer


def load(data, **options):
    return TRANSFORMS.build(dict(type='LoadEncodedImage', **options))(
        dict(img_bytes=data, img_id='x', shard='a.tar'))['img']


def exif(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return tags


def wide(dtype, kind='PNG'):
    """A ramp of more than 8 bits, whose middle is half as bright."""
    ramp = np.linspace(0, 65535, 64).astype(dtype)
    buffer = io.BytesIO()
    Image.fromarray(np.tile(ramp, (8, 1))).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
@pytest.mark.parametrize('data', [
    encoded(), encoded(kind='PNG'), encoded(kind='WEBP'),
    encoded(mode='CMYK'), encoded(mode='L'), encoded(mode='1', kind='PNG'),
    encoded(mode='LA', kind='PNG'), encoded(mode='RGBA', kind='PNG'),
    encoded(mode='P', kind='PNG'), encoded(kind='GIF', save_all=True,
                                           append_images=[Image.new('L',
                                                                    (9, 9))]),
    encoded(kind='WEBP', save_all=True,
            append_images=[Image.new('RGB', (12, 8))]),
])
def test_kinds_of_images(backend, data):
    if backend == 'cv2' and data[:3] == b'GIF' and cv2.__version__ < '4.12':
        pytest.skip('this OpenCV cannot read GIFs')
    image = load(data, imdecode_backend=backend)
    assert image.shape == (8, 12, 3) and image.dtype == np.uint8


def test_colours_and_their_order():
    red = io.BytesIO()
    Image.new('RGB', (4, 4), 'red').save(red, 'PNG')
    assert load(red.getvalue())[0, 0].tolist() == [0, 0, 255]
    cmyk = io.BytesIO()
    Image.new('CMYK', (4, 4), (0, 255, 255, 0)).save(cmyk, 'JPEG')
    blue, green, red = load(cmyk.getvalue())[0, 0].tolist()
    assert red > 200 > 100 > max(blue, green)


def test_images_are_turned_as_the_camera_was():
    assert load(encoded(exif=exif(6))).shape == (12, 8, 3)


def test_16_bits_are_scaled_not_cut_off():
    image = load(wide(np.uint16))
    assert image.dtype == np.uint8 and image.shape == (8, 64, 3)
    assert 100 < image[0, 32, 0] < 156
    with pytest.raises(BadSampleError, match=r'OpenCV cannot decode it \(F'):
        load(wide(np.float32, 'TIFF'))


def test_one_pixel_is_an_image():
    assert load(encoded(size=(1, 1))).shape == (1, 1, 3)


@pytest.mark.parametrize('data, reason', [
    (b'', 'it is empty'),
    (b'\0' * 99, 'it is no image'),
    (encoded(size=(64, 64))[:-400], 'truncated'),
    (encoded(kind='PNG', size=(64, 64))[:5000], 'truncated'),
    (encoded(size=(200, 3)), 'longer than 50 times'),
    (b'<svg/>', 'it is no image'),
])
def test_bad_images(data, reason):
    with pytest.raises(BadSampleError) as info:
        load(data)
    assert info.value.kind == BAD_IMAGE
    assert info.value.where.startswith('a.tar, x: ')
    assert reason in info.value.where


def test_bombs_are_not_decoded():
    """A header is enough to say so."""
    bomb = bytearray(encoded(kind='PNG', mode='L'))
    bomb[16:24] = (10000).to_bytes(4, 'big') * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, 'big')
    with pytest.raises(BadSampleError, match='10000x10000 pixels, at most'):
        load(bytes(bomb))
    bomb[16:24] = (30000).to_bytes(4, 'big') * 2  # PIL's own error
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, 'big')
    with pytest.raises(BadSampleError, match='exceeds limit'):
        load(bytes(bomb))
    with pytest.raises(BadSampleError, match='at most 20 are'):
        load(encoded(), max_pixels=20)


def test_from_a_file(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(encoded())
    results = LoadEncodedImage()(dict(img_path=str(tmp_path / 'a.jpg')))
    assert (results['img'] == load(encoded())).all()
    assert results['img_shape'] == results['ori_shape'] == (8, 12)
    with pytest.raises(BadSampleError, match='b.jpg: .*No such file'):
        LoadEncodedImage()(dict(img_path=str(tmp_path / 'b.jpg')))


def test_an_unknown_backend():
    with pytest.raises(ValueError, match="imdecode_backend='tifffile': take"):
        LoadEncodedImage(imdecode_backend='tifffile')


def test_mistakes_in_the_program_are_no_bad_samples():
    with pytest.raises(KeyError):
        LoadEncodedImage()(dict(img_id=1))


def test_each_caption_is_drawn():
    np.random.seed(0)
    draw = RandomCaption()
    found = [draw(dict(texts=[' a ', '', '\n\t', 'b']))['text']
             for _ in range(200)]
    assert set(found) == {'a', 'b'} and 60 < found.count('a') < 140


def test_a_sample_with_one_text():
    assert RandomCaption()(dict(text=' a dog\n'))['text'] == 'a dog'


@pytest.mark.parametrize('results', [
    dict(), dict(texts=[]), dict(texts=['', ' \n']), dict(text='  ')])
def test_no_caption(results):
    with pytest.raises(BadSampleError, match='b.jpg: its captions are blank'
                       ) as info:
        RandomCaption()(dict(results, img_path='b.jpg'))
    assert info.value.kind == NO_CAPTION


def test_captions_of_10000_tokens():
    """The tokenizer cuts them, and keeps the end of text."""
    text = RandomCaption()(dict(texts=['dog ' * 10000]))['text']
    ids = CLIPTokenizer()([text])
    assert ids.shape == (1, 77) and ids[0, -1] == ids.max()

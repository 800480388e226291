import io

import cv2
import numpy as np
import pytest
from nano import make_image
from PIL import Image, ImageCms

from regionclip_mm.apis import ImageError, load_image

RGB = make_image()[..., ::-1]


def saved(tmp_path, image: Image.Image, name: str = 'a.png', **kwargs) -> str:
    path = tmp_path / name
    image.save(path, **kwargs)
    return str(path)


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_ordinary_file_as_the_config_decodes_it(tmp_path, backend):
    import mmcv
    path = saved(tmp_path, Image.fromarray(RGB), 'a.jpg', quality=80)
    content = open(path, 'rb').read()
    assert (load_image(path, backend) == mmcv.imfrombytes(
        content, backend=backend)).all()


@pytest.mark.parametrize('mode, kind', [
    ('1', 'png'), ('L', 'jpg'), ('P', 'png'), ('CMYK', 'jpg'),
    ('YCbCr', 'jpg')])
def test_every_mode_as_mmcvs_pillow_decodes_it(tmp_path, mode, kind):
    import mmcv
    path = saved(tmp_path, Image.fromarray(RGB).convert(mode), f'a.{kind}')
    assert (load_image(path, 'pillow') == mmcv.imread(
        path, backend='pillow')).all()


def test_grey(tmp_path):
    grey = RGB[..., 0]
    path = saved(tmp_path, Image.fromarray(grey))
    for source in (path, grey, grey[..., None], Image.fromarray(grey)):
        loaded = load_image(source)
        assert loaded.shape == (60, 80, 3) and loaded.dtype == np.uint8
        assert (loaded == grey[..., None]).all()


def test_black_and_white_and_palette(tmp_path):
    white = Image.new('1', (5, 4), 1)
    assert (load_image(saved(tmp_path, white)) == 255).all()
    red = Image.new('RGB', (5, 4), (255, 0, 0)).convert('P')
    assert (load_image(saved(tmp_path, red, 'p.png')) == (0, 0, 255)).all()


def test_what_only_pil_reads(tmp_path):
    path = saved(tmp_path, Image.new('P', (5, 4), 3), 'a.pcx')
    for backend in ('pillow', 'cv2'):
        assert load_image(path, backend).shape == (4, 5, 3)


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_lab(tmp_path, backend):
    """OpenCV shows the red of a LAB file as another colour."""
    red = Image.new('RGB', (5, 4), (200, 30, 40))
    profile = [ImageCms.createProfile(kind) for kind in ('sRGB', 'LAB')]
    lab = ImageCms.applyTransform(red, ImageCms.buildTransform(
        *profile, 'RGB', 'LAB'))
    loaded = load_image(saved(tmp_path, lab, 'a.tif'), backend).astype(int)
    assert abs(loaded - (40, 30, 200)).max() <= 3


def test_16_bit(tmp_path):
    deep = np.linspace(0, 65535, 80 * 60).reshape(60, 80).astype(np.uint16)
    path = str(tmp_path / 'deep.png')
    cv2.imwrite(path, deep)
    expected = (deep / 257).round()
    for source in (path, deep, Image.open(path)):
        loaded = load_image(source)
        assert loaded.dtype == np.uint8
        assert (loaded == expected[..., None]).all()
    colour = np.repeat(deep[..., None], 3, 2)
    for name in ('deep_colour.png', 'deep_colour.tif'):
        cv2.imwrite(str(tmp_path / name), colour)
        loaded = load_image(str(tmp_path / name)).astype(int)
        assert abs(loaded - expected[..., None]).max() <= 1


def test_transparent_pixels_are_white(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:, :2] = (255, 0, 0, 255)
    rgba[:, 3:] = (255, 0, 0, 51)
    path = saved(tmp_path, Image.fromarray(rgba))
    for source in (path, Image.fromarray(rgba), rgba[..., [2, 1, 0, 3]]):
        loaded = load_image(source)
        assert (loaded[:, :2] == (0, 0, 255)).all()
        assert (loaded[:, 2] == 255).all()
        assert (loaded[:, 3] == (204, 204, 255)).all()
    grey = saved(tmp_path, Image.fromarray(rgba).convert('LA'), 'la.png')
    assert (load_image(grey)[:, 2] == 255).all()


def test_opaque_alpha_changes_nothing(tmp_path):
    path = saved(tmp_path, Image.fromarray(RGB).convert('RGBA'))
    assert (load_image(path)[..., ::-1] == RGB).all()


# EXIF orientation -> what a camera stored of an upright picture.
STORED = {
    1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud,
    5: lambda x: x.swapaxes(0, 1), 6: np.rot90,
    7: lambda x: np.rot90(x.swapaxes(0, 1), 2), 8: lambda x: np.rot90(x, 3)}


@pytest.mark.parametrize('orientation', STORED)
@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_exif_rotation(tmp_path, orientation, backend):
    picture = np.full((40, 60, 3), 255, np.uint8)
    picture[:20, :20] = 0  # top left is black
    stored = np.ascontiguousarray(STORED[orientation](picture))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(stored), 'a.jpg',
                 quality=95, exif=exif)
    loaded = load_image(path, backend)
    assert loaded.shape == (40, 60, 3)
    assert loaded[:18, :18].mean() < 10 and loaded[:18, 24:].mean() > 245
    if backend == 'pillow':
        assert (load_image(Image.open(path)) == loaded).all()


def test_floating_point(tmp_path):
    assert (load_image(RGB.astype(np.float32)) == RGB).all()
    assert (load_image(np.zeros((2, 2, 3))) == 0).all()


@pytest.mark.parametrize('array, message', [
    (np.zeros((0, 5, 3)), r'ndarray of shape \(0, 5, 3\) has no pixels'),
    (np.zeros((2, 3, 4, 5)), r'\(2, 3, 4, 5\) is no image: give'),
    (np.zeros((3, 40, 60)), r'\(3, 40, 60\) is no image'),
    (np.zeros(7), r'\(7,\) is no image'),
    (np.zeros((4, 4), bool), 'of bool is no image: give uint8'),
    (np.array([['a', 'b']]), 'is no image: give uint8'),
    (np.full((4, 4), np.nan), 'not finite'),
    (np.full((4, 4, 3), 0.5), 'from 0 to 1: multiply by 255'),
    (np.full((4, 4), -3), 'pixels from -3 to -3'),
    (np.full((4, 4), 300.), 'from 300.0 to 300.0; expected 0 to 255'),
    (np.full((4, 4), 70000), 'from 70000 to 70000; expected 0 to 65535')])
def test_arrays_that_are_no_images(array, message):
    with pytest.raises(ImageError, match=message):
        load_image(array)


def test_what_is_no_image(tmp_path):
    for source in (None, 3, object()):
        with pytest.raises(ImageError, match='neither a path, an array'):
            load_image(source)
    with pytest.raises(ImageError, match='missing.jpg does not exist'):
        load_image(str(tmp_path / 'missing.jpg'))
    with pytest.raises(ImageError, match='is a folder'):
        load_image(tmp_path)
    (tmp_path / 'file').touch()
    with pytest.raises(ImageError, match='/a.jpg cannot be read: Not a dir'
                       'ectory$'):  # the path is named once
        load_image(str(tmp_path / 'file/a.jpg'))


@pytest.mark.parametrize('content, message', [
    (b'', 'is an empty file'), (b'not an image', 'is not an image'),
    (b'GIF89a', 'is not an image, or damaged|is damaged')])
def test_files_that_are_no_images(tmp_path, content, message):
    path = tmp_path / 'a.jpg'
    path.write_bytes(content)
    with pytest.raises(ImageError, match=f'a.jpg ({message})'):
        load_image(path)


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP'])
@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_truncated_files(tmp_path, kind, backend):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    path = tmp_path / 'cut'
    path.write_bytes(buffer.getvalue()[:len(buffer.getvalue()) // 2])
    with pytest.raises(ImageError, match='cut is (damaged|not an image)'):
        load_image(path, backend)

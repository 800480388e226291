import pytest

from regionclip_mm.apis.drawing import long_palette, picture_name


def test_names_of_pictures():
    used = set()
    paths = ['x/a.jpg', 'y/a.jpg', 'a_2.jpg', 'b.gif', 'c', 'd.PNG',
             'http://host/e.jpg?size=3', '猫.png']
    assert [picture_name(path, used) for path in paths] == [
        'a.jpg', 'a_2.jpg', 'a_2_2.jpg', 'b.png', 'c.png', 'd.PNG', 'e.png',
        '猫.png']


@pytest.mark.parametrize('palette', ['coco', 'voc', 'random', None,
                                     [(1, 2, 3), (4, 5, 6)]])
def test_enough_colours(palette):
    colours = long_palette(palette, 1203)
    assert len(colours) >= 1203
    assert all(len(colour) == 3 for colour in colours)
    assert long_palette(palette, 5)[:2] == colours[:2]

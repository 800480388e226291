"""Any words: scenes that show them, what is known of them, their folder."""
import re

import pytest

from projects.emoji_world.emoji_world.choice import (account, foreign, rivals,
                                                     scenes_of)
from projects.emoji_world.emoji_world.concepts import names
from projects.emoji_world.emoji_world.pictures import folder_name
from projects.emoji_world.emoji_world.plans import make_plan


def test_scenes_show_the_words():
    words = ['cat', 'no such thing', 'pizza', 'bus']
    chosen = scenes_of(words, 6)
    assert len(set(chosen)) == 6
    for number, scene in enumerate(chosen):
        there = {names()[o.concept] for o in make_plan(*scene).objects}
        assert there & {'cat', 'pizza', 'bus'}
        if number < 3:
            assert ['cat', 'pizza', 'bus'][number] in there
    assert scenes_of([], 2) == scenes_of(['xyz'], 2) == [
        ('demo', 0), ('demo', 1)]
    assert scenes_of(['Cat'], 3) == scenes_of(['cat'], 3)


def test_words_are_sorted_by_what_scenes_show():
    scenes = scenes_of(['cat', 'pizza'], 4)
    words = ['Pizza', 'cat', 'gamepad', 'horse', 'unicornzz']
    assert account(words, dict(cat=1, gamepad=2), scenes) == (
        ['Pizza'], ['horse'], ['gamepad'], ['unicornzz'])
    assert foreign(['no_dog', 'Teddy_Bear', '']) == ['no_dog', '']


def test_no_name_competes_with_itself():
    others = rivals(['Cat', 'teddy_bear', 'xyz'])
    assert set(names()) - set(others) == {'cat', 'teddy bear'}


@pytest.mark.parametrize('words', [
    ['..'], ['/etc/x'], ['Cat'], ['\u732b'], ['$x', '"; rm'], ['a' * 300],
    ['a\udcff'], ['word'] * 100, ['a_b'], ['a-b'], ['-x', 'con.png']])
def test_folders_of_any_words_are_legal(words):
    name = folder_name(words)
    assert re.fullmatch('[a-z0-9][a-z0-9_-]{0,70}', name)
    others = [[*words, 'b'], ['c', *words], ['cat'], ['a', 'b'], ['a b']]
    assert name not in map(folder_name, others)

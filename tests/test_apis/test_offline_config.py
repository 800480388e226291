"""Where the config of offline pretraining may be written."""
import pytest

from regionclip_mm.apis.offline_config import OFFLINE, check_file


def test_a_new_file_and_an_older_one_of_its_kind(tmp_path):
    path = tmp_path / 'offline.py'
    check_file(path, tmp_path / 'online.py')
    path.write_text(f"model = dict(type='{OFFLINE}')\n")
    check_file(path, tmp_path / 'online.py')


@pytest.mark.parametrize('name, message', [
    ('captions.json', r'captions.json should end in \.py'),
    ('online.py', 'online.py is the config that is read here'),
    ('link.py', 'link.py is the config that is read here'),
    ('other.py', 'other.py exists, and is no config of an Offline')])
def test_no_other_file_is_destroyed(name, message, tmp_path):
    (tmp_path / 'online.py').write_text('model = 1')
    (tmp_path / 'other.py').write_bytes(b'lr = 1  # \xff')
    (tmp_path / 'link.py').symlink_to(tmp_path / 'online.py')
    with pytest.raises(ValueError, match=message):
        check_file(tmp_path / name, tmp_path / 'online.py')

"""The launch scripts of OpenMMLab, with two processes on this machine."""
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from nano import ROOT
from nano_training import distance, training_config
from toy_training import final, train

from regionclip_mm.io.files import load_plain_file

# MMEngine's launchers ask for a GPU before they start any backend.
NO_GPU = '''import torch
torch.cuda.set_device = lambda device: None
torch.cuda.device_count = lambda: 2
'''
# Stand-ins for a cluster with one machine.
SRUN = '''#!/bin/bash
while [[ $1 == --* ]]; do
    [[ $1 == --ntasks=* ]] && tasks=${1#*=}
    shift
done
export SLURM_NTASKS=$tasks SLURM_NODELIST=here
for id in $(seq 0 $((tasks - 1))); do
    SLURM_PROCID=$id SLURM_LOCALID=$id "$@" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
'''
SCONTROL = '#!/bin/bash\necho 127.0.0.1\n'
MPIRUN = '''#!/bin/bash
export OMPI_COMM_WORLD_SIZE=$2 MASTER_ADDR=127.0.0.1
count=$2; shift 2
for id in $(seq 0 $((count - 1))); do
    OMPI_COMM_WORLD_RANK=$id OMPI_COMM_WORLD_LOCAL_RANK=$id "$@" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
'''


@pytest.fixture
def environment(tmp_path):
    """Variables of a shell with the stand-ins, and a free port."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    (folder / 'sitecustomize.py').write_text(NO_GPU)
    for name, text in dict(srun=SRUN, scontrol=SCONTROL,
                           mpirun=MPIRUN).items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    paths = os.pathsep.join([str(folder), *filter(None, [
        os.environ.get('PYTHONPATH')])])
    return dict(os.environ, PATH=f'{folder}:{os.environ["PATH"]}',
                PYTHONPATH=paths, PYTHON=sys.executable, PORT=port,
                MASTER_PORT=port, GPUS='2', OMP_NUM_THREADS='1')


def shell(command, environment):
    result = subprocess.run(command, shell=True, cwd=ROOT, env=environment,
                            text=True, capture_output=True)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    return result.stdout + result.stderr


@pytest.fixture
def config(tmp_path):
    """A config file for two processes with one image each, two steps."""
    cfg = training_config(
        tmp_path, steps=2, train_dataloader=dict(batch_size=1),
        model_wrapper_cfg=dict(type='MMDistributedDataParallel',
                               device_ids=None))
    path = tmp_path / 'config.py'
    cfg.dump(path)
    return path


@pytest.fixture
def expected(tmp_path):
    """Weights after one process with both images."""
    cfg = training_config(tmp_path, steps=2)
    cfg.work_dir = str(tmp_path / 'one')
    train(cfg)
    return final(cfg)['state_dict']


@pytest.mark.parametrize('command', [
    # slow as well: torch ended a process in SIGABRT at exit 3 times of 20
    pytest.param('tools/dist_train.sh {config} 2 --work-dir {work}',
                 marks=pytest.mark.slow),
    pytest.param('tools/slurm_train.sh gpu name {config} {work}',
                 marks=pytest.mark.slow),
    pytest.param('mpirun -np 2 {python} tools/train.py {config} '
                 '--launcher mpi --work-dir {work}', marks=pytest.mark.slow),
], ids=['pytorch', 'slurm', 'mpi'])
def test_two_processes_train_as_one(command, config, expected, environment,
                                    tmp_path):
    work = tmp_path / 'two'
    shell(command.format(config=config, work=work, python=sys.executable),
          environment)
    trained = load_plain_file(work / 'iter_2.pth')['state_dict']
    assert distance(trained, expected) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize('command', [
    'tools/dist_test.sh {config} {checkpoint} 2 --work-dir {work}',
    'tools/slurm_test.sh gpu name {config} {checkpoint} --work-dir {work}',
], ids=['pytorch', 'slurm'])
def test_two_processes_evaluate_as_one(command, environment, tmp_path):
    cfg = training_config(tmp_path)
    loader = dict(cfg.train_dataloader, batch_size=1)
    cfg.merge_from_dict(dict(
        test_cfg=dict(type='TestLoop'), test_dataloader=loader,
        test_evaluator=dict(type='CocoMetric', metric='bbox',
                            ann_file=str(tmp_path / 'train.json')),
        model_wrapper_cfg=dict(type='MMDistributedDataParallel',
                               device_ids=None)))
    cfg.dump(tmp_path / 'config.py')
    printed = shell(command.format(
        config=tmp_path / 'config.py', checkpoint=tmp_path / 'start.pth',
        work=tmp_path / 'two'), environment)
    assert printed.count('bbox_mAP_copypaste') == 1
    assert 'Iter(test) [4/4]' in printed  # half of the images each


@pytest.mark.parametrize('script, words', [
    ('dist_train', 'CONFIG GPUS'), ('dist_test', 'CONFIG CHECKPOINT GPUS'),
    ('slurm_train', 'PARTITION JOB CONFIG WORK_DIR'),
    ('slurm_test', 'PARTITION JOB CONFIG CHECKPOINT')])
def test_too_few_words(script, words):
    result = subprocess.run([str(ROOT / f'tools/{script}.sh'), 'one'],
                            text=True, capture_output=True)
    assert result.returncode == 2
    assert words in result.stderr and '#' not in result.stderr


def test_the_scripts_can_be_run():
    scripts = sorted(Path(ROOT, 'tools').glob('*_t*.sh'))
    assert len(scripts) == 4
    assert all(os.access(path, os.X_OK) for path in scripts)

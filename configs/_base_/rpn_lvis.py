"""Data and schedule of RPNs on LVIS: boxes of 866 classes, recall of 1203."""
_base_ = ['./datasets/lvis_ovd_rfs.py', './schedules/rpn_180k.py']

val_evaluator = dict(type='LVISMetric', metric='proposal_fast')
test_evaluator = val_evaluator

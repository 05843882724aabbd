"""Studies: simulated active learning on an annotated corpus whose labels are hidden.

A study stores the errors of each test utterance, so that any metric can be computed later; reading it imports no model.
"""

from canvass.simulation.store import read_study as read_study

"""What is wrong with a network, if anything: ``diagnose(model)`` answers in plain sentences, with the evidence and one action each."""

from glassnet.seeing.doctor.diagnosing import diagnose, examine
from glassnet.seeing.doctor.findings import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose", "examine"]

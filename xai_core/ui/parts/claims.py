"""A paper's statements on the distances of the Metrics page, and what becomes of each.

Conventions
-----------
Statements stand as the plots above them do, a metric each. Those whose pairs are not there
are counted in one line.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.figures.base.words import percent_text
from xai_core.replication.claims import RULES, Verdict, outcomes_sentence, tally
from xai_core.replication.findings import DistanceFindings
from xai_core.ui.parts.words import PAPER
from xai_core.values import FAMILIES

__all__ = ["draw_claims"]

SIGNS = {
    "holds": ":material/check_circle:",
    "does not hold": ":material/cancel:",
    "not decidable": ":material/help:",
}
NOT_TESTED = "None that can be tested."


def draw_claims(
    findings: DistanceFindings, of_null: DistanceFindings | None, *, is_finished: bool
) -> None:
    """Say of each of the paper's statements on this type whether it holds here.

    They stand as the four plots above them do; those that need pairs that are not there are
    counted in one line. With null maps it is said how many of those that are true are so
    without a network that has learnt.

    Parameters
    ----------
    findings : DistanceFindings
        Of the models' maps.
    of_null : DistanceFindings or None
        Of the maps of random networks.
    is_finished : bool
        Whether all pairs are there that are to come.
    """
    if not findings.verdicts:
        return
    st.subheader("What the paper says of these", anchor=False)
    for row in (PAPER_METRICS[:2], PAPER_METRICS[2:]):
        for place, metric in zip(st.columns(2, gap="large"), row, strict=True):
            place.markdown(f"**{METRICS[metric].label}**")
            verdicts = [verdict for verdict in findings.verdicts if verdict.claim.metric == metric]
            tested = [verdict for verdict in verdicts if not verdict.lacks]
            for verdict in tested:
                place.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
            if not tested:
                place.caption(NOT_TESTED if verdicts else "No statement on this type.")
    of_several = [
        v for v in findings.verdicts if v.claim.metric not in PAPER_METRICS and not v.lacks
    ]
    if of_several:
        st.markdown("**All four distances**")
    for verdict in of_several:
        st.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
    if lacking := [verdict for verdict in findings.verdicts if verdict.lacks]:
        st.markdown(f"{SIGNS['not decidable']} {_lacking(lacking, is_finished=is_finished)}")
    found = tally(findings.verdicts)
    st.markdown(
        f"{outcomes_sentence(findings.verdicts)} As measured, whatever the resamples say, "
        f"**{found.true}** of {found.n} statements about order "
        f"{'is' if found.true == 1 else 'are'} true; of numbers in random order "
        f"{found.expected:.1f} would be.{_alike(findings, of_null)}"
    )
    st.caption(f"{PAPER}. Few notes decide little: the more notes a family, the surer.")
    with st.expander("How this is decided", icon=":material/help:"):
        for rule in RULES:
            st.markdown(f"- {rule}")


def _lacking(verdicts: Sequence[Verdict], *, is_finished: bool) -> str:
    """Say in one sentence which statements cannot be tested, and for want of what."""
    families = [family for family in FAMILIES if any(family in one.lacks for one in verdicts)]
    n = len(verdicts)
    yet = "" if is_finished else " yet"
    return (
        f"{n} {'statement needs' if n == 1 else 'statements need'} pairs that are not there{yet}: "
        f"no pairs within {', '.join(families)}."
    )


def _alike(findings: DistanceFindings, of_null: DistanceFindings | None) -> str:
    """Say how many statements that are true are just as true of random networks."""
    true = [one.claim.id for one in findings.verdicts if one.as_measured]
    if of_null is None or not true:
        return ""
    of_random = {one.claim.id for one in of_null.verdicts if one.as_measured}
    alike = sum(name in of_random for name in true)
    verb = "is" if alike == 1 else "are"
    return (
        f" Of the {len(true)} that are true of the models' maps, order or not, **{alike}** {verb} "
        "just as true of the maps of random networks."
    )


def _said(verdict: Verdict) -> str:
    claim = verdict.claim
    named = len(claim.families) == len(FAMILIES) or all(f in claim.text for f in claim.families)
    text = claim.text if named else f"{', '.join(claim.families)}: {claim.text}"
    text = f"{text[:1].upper()}{text[1:]}: **{verdict.outcome}**"
    if verdict.reason:
        text = f"{text}; {verdict.reason}"
    elif verdict.share is not None:
        text = f"{text}; true of {percent_text(verdict.share)} of the resamples"
    if verdict.chance is None:
        return f"{text}."
    return f"{text} ({percent_text(verdict.chance)} by chance)."

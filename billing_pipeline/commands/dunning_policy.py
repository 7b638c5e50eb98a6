"""What a dunning policy holds, for `billing-pipeline dunning check`."""

from typing import Any

from billing_pipeline.domain.dunning_policy import Policy


def policy_summary(policy: Policy) -> dict[str, Any]:
    """What a good policy holds: version, languages, and what happens in each segment."""
    ladders = [(segment.name, policy.ladders[segment.ladder]) for segment in policy.segments]
    segments = [
        {
            "segment": name,
            "ladder": ladder.name,
            "retries": len(ladder.retries),
            "messages": sum(1 for step in ladder.steps if step.template),
            "written_off_after_days": ladder.steps[-1].day + ladder.grace_days,
        }
        for name, ladder in ladders
    ]
    return {"version": policy.version, "languages": list(policy.languages), "segments": segments}


def policy_text(policy: Policy) -> str:
    """The same in a few lines."""
    held = policy_summary(policy)
    lines = [f"policy {policy.version}: {len(held['segments'])} segments, languages {', '.join(policy.languages)}"]
    for one in held["segments"]:
        lines.append(
            f"  {one['segment']}: ladder {one['ladder']}, {one['retries']} retries, {one['messages']} messages, "
            f"written off after {one['written_off_after_days']} days"
        )
    return "\n".join(lines)

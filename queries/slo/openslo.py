"""OpenSLO v1 documents: what they may say, and clear errors when they say something else.

After https://github.com/OpenSLO/OpenSLO and the validation of its go-sdk. Composite objectives are not read.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from queries.slo.budget import Method
from queries.slo.windows import Duration

VERSION = "openslo/v1"


def _duration(text: str) -> str:
    Duration.of(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Europe/Berlin") from None
    return name


def _time(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone stands beside it
    except ValueError:
        raise ValueError("must be a time without a zone, such as 2026-01-01 00:00:00") from None
    return text


Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.|/\\-]{0,253}[a-z0-9])?$")]
Shorthand = Annotated[str, AfterValidator(_duration)]
Description = Annotated[str, Field(max_length=1050)]
Share = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=9)]
Percent = Annotated[Decimal, Field(ge=0, lt=100, decimal_places=7)]
SliceShare = Annotated[Decimal, Field(gt=0, le=1, decimal_places=9)]
Operator = Literal["lte", "gte", "lt", "gt"]


class Model(BaseModel):
    """A mapping. A key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    def _one_of(self, *names: str) -> None:
        """Raises ValueError unless exactly one of the fields is given."""
        given = [to_camel(name) for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) if given else "none"
            raise ValueError(f"{told} is given: must be one of {', '.join(map(to_camel, names))}")


class Metadata(Model):
    name: Name
    display_name: str | None = None
    labels: dict[str, str | list[str]] = {}
    annotations: dict[str, str] = {}


class ServiceSpec(Model):
    description: Description = ""


class DataSourceSpec(Model):
    description: Description = ""
    type: str
    connection_details: Any = None


class MetricSource(Model):
    """Where a number comes from; what `spec` says is the source's own."""

    metric_source_ref: Name | None = None
    type: str | None = None
    spec: dict[str, Any] = {}

    @model_validator(mode="after")
    def _typed(self) -> MetricSource:
        if self.type is None and self.metric_source_ref is None:
            raise ValueError("type is missing: only a metricSourceRef can stand for it")
        return self


class Metric(Model):
    metric_source: MetricSource


class RatioMetric(Model):
    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None
    raw: Metric | None = None

    @model_validator(mode="after")
    def _whole(self) -> RatioMetric:
        if self.raw is None:
            self._one_of("good", "bad")
            if self.total is None or self.raw_type is not None:
                raise ValueError("good and bad need a total, and no rawType")
        elif self.good or self.bad or self.total or self.raw_type is None:
            raise ValueError("raw needs a rawType, and neither good, bad nor total")
        return self


class SliSpec(Model):
    description: Description = ""
    threshold_metric: Metric | None = None
    ratio_metric: RatioMetric | None = None

    @model_validator(mode="after")
    def _one(self) -> SliSpec:
        self._one_of("threshold_metric", "ratio_metric")
        return self


class Indicator(Model):
    metadata: Metadata
    spec: SliSpec


class Calendar(Model):
    start_time: Annotated[str, AfterValidator(_time)]
    time_zone: Annotated[str, AfterValidator(_zone)]

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.start_time).replace(tzinfo=ZoneInfo(self.time_zone))


class TimeWindow(Model):
    duration: Shorthand
    is_rolling: bool = False
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _either(self) -> TimeWindow:
        if self.is_rolling == (self.calendar is not None):
            raise ValueError("must either be rolling (isRolling: true) or have a calendar")
        return self


class ObjectiveSpec(Model):
    """`op` and `value` belong to a threshold metric, and are passed over with a ratio."""

    display_name: str | None = None
    op: Operator | None = None
    value: Decimal | None = None
    target: Share | None = None
    target_percent: Percent | None = None
    time_slice_target: SliceShare | None = None
    time_slice_window: Shorthand | Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> ObjectiveSpec:
        self._one_of("target", "target_percent")
        return self


class ConditionSpec(Model):
    kind: Literal["burnrate"] = "burnrate"
    op: Operator = "gt"
    threshold: Annotated[Decimal, Field(ge=0)]
    lookback_window: Shorthand
    alert_after: Shorthand | Literal["0m"] = "0m"


class AlertConditionSpec(Model):
    description: Description = ""
    severity: str
    condition: ConditionSpec


class InlineCondition(Model):
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: AlertConditionSpec


class ConditionRef(Model):
    condition_ref: Name


class TargetSpec(Model):
    description: Description = ""
    target: str


class InlineTarget(Model):
    kind: Literal["AlertNotificationTarget"]
    metadata: Metadata
    spec: TargetSpec


class TargetRef(Model):
    target_ref: Name


class AlertPolicySpec(Model):
    description: Description = ""
    alert_when_no_data: bool = False
    alert_when_resolved: bool = False
    alert_when_breaching: bool = False
    conditions: Annotated[list[ConditionRef | InlineCondition], Field(min_length=1, max_length=1)]
    notification_targets: Annotated[list[TargetRef | InlineTarget], Field(min_length=1)]


class InlinePolicy(Model):
    kind: Literal["AlertPolicy"]
    metadata: Metadata
    spec: AlertPolicySpec


class PolicyRef(Model):
    alert_policy_ref: Name


class SloSpec(Model):
    description: Description = ""
    service: Annotated[str, Field(min_length=1)]
    indicator: Indicator | None = None
    indicator_ref: Name | None = None
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)] | None = None
    budgeting_method: Method
    objectives: Annotated[list[ObjectiveSpec], Field(min_length=1)]
    alert_policies: list[PolicyRef | InlinePolicy] = []

    @model_validator(mode="after")
    def _whole(self) -> SloSpec:
        self._one_of("indicator", "indicator_ref")
        for number, objective in enumerate(self.objectives):
            if self.budgeting_method != "Occurrences" and objective.time_slice_window is None:
                raise ValueError(
                    f"objectives.{number}.timeSliceWindow is missing: {self.budgeting_method} need one"
                )
            if self.budgeting_method == "Timeslices" and objective.time_slice_target is None:
                raise ValueError(f"objectives.{number}.timeSliceTarget is missing: Timeslices need one")
        if self.indicator and self.indicator.spec.threshold_metric:
            self._check_threshold()
        return self

    def _check_threshold(self) -> None:
        if len(self.objectives) > 1:
            raise ValueError(f"objectives has {len(self.objectives)}: a thresholdMetric has one")
        if self.objectives[0].op is None or self.objectives[0].value is None:
            raise ValueError("objectives.0 needs op and value, which the thresholdMetric is compared with")


class _Document(Model):
    api_version: Literal["openslo/v1"]
    metadata: Metadata


class Slo(_Document):
    kind: Literal["SLO"]
    spec: SloSpec


class Sli(_Document):
    kind: Literal["SLI"]
    spec: SliSpec


class Service(_Document):
    kind: Literal["Service"]
    spec: ServiceSpec


class DataSource(_Document):
    kind: Literal["DataSource"]
    spec: DataSourceSpec


class AlertPolicy(_Document):
    kind: Literal["AlertPolicy"]
    spec: AlertPolicySpec


class AlertCondition(_Document):
    kind: Literal["AlertCondition"]
    spec: AlertConditionSpec


class AlertNotificationTarget(_Document):
    kind: Literal["AlertNotificationTarget"]
    spec: TargetSpec


Document = Slo | Sli | Service | DataSource | AlertPolicy | AlertCondition | AlertNotificationTarget
KINDS: dict[str, type[Document]] = {
    "SLO": Slo,
    "SLI": Sli,
    "Service": Service,
    "DataSource": DataSource,
    "AlertPolicy": AlertPolicy,
    "AlertCondition": AlertCondition,
    "AlertNotificationTarget": AlertNotificationTarget,
}

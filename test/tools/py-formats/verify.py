"""Reads formats of others with programs of others: OpenMetrics with prometheus_client's parsers.

Also hands out a JSON Schema that check-jsonschema ships. See README.md in the folder above.
"""

import json
import sys
from importlib.metadata import distribution

from prometheus_client import parser as text_format
from prometheus_client.openmetrics import parser as openmetrics


def families(parse, text):
    return [
        {
            "name": family.name,
            "type": family.type,
            "unit": family.unit,
            "help": family.documentation,
            "samples": [
                {"name": sample.name, "labels": sample.labels, "value": sample.value}
                for sample in family.samples
            ],
        }
        for family in parse(text)
    ]


def schema(name):
    vendor = "check_jsonschema/builtin_schemas/vendor"
    file = distribution("check-jsonschema").locate_file(f"{vendor}/{name}.json")
    with open(file, encoding="utf-8") as stream:
        return json.load(stream)


def main():
    request = json.load(sys.stdin)
    if "schema" in request:
        json.dump(schema(request["schema"]), sys.stdout)
        return
    text = request["openmetrics"]
    json.dump(
        {
            "openmetrics": families(openmetrics.text_string_to_metric_families, text),
            "text": families(text_format.text_string_to_metric_families, text),
        },
        sys.stdout,
    )


main()

"""Connects with what a provisioning file of Grafana says, by the keys that Grafana's data source reads."""

import sys

import psycopg2
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    provisioned = yaml.safe_load(file)
assert provisioned["apiVersion"] == 1
(source,) = provisioned["datasources"]
assert source["type"] == "grafana-postgresql-datasource"
host, port = source["url"].split(":")
connection = psycopg2.connect(
    host=host,
    port=int(port),
    user=source["user"],
    password=source["secureJsonData"]["password"],
    dbname=source["jsonData"]["database"],
    sslmode=source["jsonData"]["sslmode"],
)
cursor = connection.cursor()
cursor.execute("select now()")
print(cursor.fetchone()[0])

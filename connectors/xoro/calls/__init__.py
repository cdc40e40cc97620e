"""Calls of one area each: functions of the client, one for each thing the connector really asks or writes."""

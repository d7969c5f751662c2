-- run once, by a new PostgreSQL: the service's own database beside the backend's
CREATE DATABASE watchroom;

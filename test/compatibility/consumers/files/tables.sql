CREATE SCHEMA support;
CREATE TABLE support.crm_plan (id serial PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE support.crm_customer (
  id serial PRIMARY KEY,
  organization_id integer NOT NULL,
  display_name varchar NOT NULL,
  email varchar NOT NULL,
  address_city varchar,
  address_country varchar,
  password_hash varchar,
  created_at timestamp NOT NULL DEFAULT now(),
  plan_id integer REFERENCES support.crm_plan,
  UNIQUE (organization_id, email)
);
CREATE TABLE support.crm_tag (
  id serial PRIMARY KEY,
  organization_id integer NOT NULL,
  name varchar NOT NULL
);
CREATE UNIQUE INDEX ON support.crm_tag (organization_id, name);
CREATE TABLE support.crm_ticket (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id integer NOT NULL,
  subject varchar NOT NULL,
  opened_by_id integer NOT NULL REFERENCES support.crm_customer ON DELETE CASCADE
);
CREATE TABLE support.crm_ticket_tags (
  ticket_id uuid NOT NULL REFERENCES support.crm_ticket ON DELETE CASCADE,
  tag_id integer NOT NULL REFERENCES support.crm_tag ON DELETE CASCADE,
  PRIMARY KEY (ticket_id, tag_id)
);

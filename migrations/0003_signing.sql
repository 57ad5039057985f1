-- +goose Up

-- Keys whose signatures count, for hosts whose policy asks for one. The id is
-- the one that minisign prints, with its leading zeros. Disabled is revoked.
-- The trigger fn_signing_key_check reads the id out of the public key.
create table lessee.signing_key_registry (
  key_id     text primary key check (key_id ~ '^[0-9A-F]{16}$'),
  public_key text not null unique, -- the second line of minisign's .pub file
  enabled    boolean not null default true,
  owner      text not null,
  reason     text not null,
  exit_path  text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  updated_by text not null default session_user
);

-- Signatures of modules: the text of minisign's .minisig file. A key may be
-- registered after what it signed. Whether a signature is good is for hosts to
-- find out, who don't have to trust this database.
create table lessee.module_signature (
  sha256    text not null references lessee.executor_module_registry (sha256),
  key_id    text not null check (key_id ~ '^[0-9A-F]{16}$'),
  signature text not null check (octet_length(signature) <= 4096),
  added_at  timestamptz not null default now(),
  added_by  text not null default session_user,

  primary key (sha256, key_id)
);

grant select on lessee.signing_key_registry, lessee.module_signature to lessee_operator, lessee_reader;
grant insert, update on lessee.signing_key_registry to lessee_operator;
grant insert on lessee.module_signature to lessee_operator;

-- +goose Down
drop table lessee.module_signature;
drop table lessee.signing_key_registry;

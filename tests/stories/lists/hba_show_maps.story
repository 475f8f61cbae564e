# The maps of a pg_ident.conf, beside the rules that name them

The columns are those of pg_ident_file_mappings. They are shown where --ident names the file.

$ pgseal hba show --pg 16 --ident maps.conf good.conf
line  type     database  user   address  netmask  method  options
1     hostssl  {all}     {all}  all      -        cert    {map=m,clientcert=verify-full}

line  map  system user            role
2     m    web shop               app
3     m    /^(.*)@shop\.example$  \1

$ pgseal hba show --pg 16 --json --ident maps.conf good.conf
{
  "format": 1,
  "pg": 16,
  "accepted_by_server": true,
  "rules": [
    {
      "rule_number": 1,
      "file": "good.conf",
      "line": 1,
      "type": "hostssl",
      "database": [
        "all"
      ],
      "user": [
        "all"
      ],
      "address": "all",
      "netmask": null,
      "method": "cert",
      "options": [
        "map=m",
        "clientcert=verify-full"
      ],
      "error": null
    }
  ],
  "maps_accepted_by_server": true,
  "maps": [
    {
      "file": "maps.conf",
      "line": 2,
      "map": "m",
      "system_user": "web shop",
      "role": "app",
      "error": null
    },
    {
      "file": "maps.conf",
      "line": 3,
      "map": "m",
      "system_user": "/^(.*)@shop\\.example$",
      "role": "\\1",
      "error": null
    }
  ]
}

$ pgseal hba show --pg 15 --ident bad.conf good.conf
! the server refuses these maps, and goes by its former ones
line  type     database  user   address  netmask  method  options
1     hostssl  {all}     {all}  all      -        cert    {map=m,clientcert=verify-full}

line  map  system user  role
1     -    -            -     error: missing entry at end of line
2     -    -            -     error: invalid regular expression "(": parentheses () not balanced
3     -    -            -     error: multiple values in ident field
[status 1]

-- good.conf --
hostssl all all all cert map=m

-- maps.conf --
# map system role
m  "web shop"  app
m  /^(.*)@shop\.example$  \1

-- bad.conf --
m web
m /( app
m a,b app

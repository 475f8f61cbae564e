The script for zsh walks the same words; its own machinery shows what is offered.
Needs: zsh

$ pgseal completion zsh | zsh -n

$ zsh -f try ''
pgseal:
init:write a commented pgseal.toml
plan:observe every host and print what apply would do; changes nothing
apply:carry the plan out; safe to repeat, safe to interrupt
verify:prove TLS host by host and identity by identity; changes nothing
status:one screen: hosts, certificates, TLS, debts
user:identities
host:hosts
debt:what hosts are owed
ca:the authorities
log:who did what
demo:a throw-away environment on this machine, from plaintext to proven TLS
completion:a script that completes pgseal's command lines in a shell
--help:Print this help message and exit
--config:the configuration (default: $PGSEAL_CONFIG, pgseal.toml here, /etc/pgseal/pgseal.toml)
--json:one JSON document on standard output
--quiet:say nothing but results and errors
--color:auto: on a terminal, unless NO_COLOR is set
--version:Display program version information and exit

$ zsh -f try ca ex
pgseal:
show:the two authorities
export:an authority's certificate, PEM
--help:Print this help message and exit
--config:the configuration (default: $PGSEAL_CONFIG, pgseal.toml here, /etc/pgseal/pgseal.toml)
--json:one JSON document on standard output
--quiet:say nothing but results and errors
--color:auto: on a terminal, unless NO_COLOR is set
--version:Display program version information and exit

$ zsh -f try --config plan ap
pgseal:
init:write a commented pgseal.toml
plan:observe every host and print what apply would do; changes nothing
apply:carry the plan out; safe to repeat, safe to interrupt
verify:prove TLS host by host and identity by identity; changes nothing
status:one screen: hosts, certificates, TLS, debts
user:identities
host:hosts
debt:what hosts are owed
ca:the authorities
log:who did what
demo:a throw-away environment on this machine, from plaintext to proven TLS
completion:a script that completes pgseal's command lines in a shell
--help:Print this help message and exit
--config:the configuration (default: $PGSEAL_CONFIG, pgseal.toml here, /etc/pgseal/pgseal.toml)
--json:one JSON document on standard output
--quiet:say nothing but results and errors
--color:auto: on a terminal, unless NO_COLOR is set
--version:Display program version information and exit

$ zsh -f try plan --color ''
value:
auto
always
never

$ zsh -f try --config ''
files

-- try --
# What zsh would be told, by functions in the place of its own.
compdef() { }
_describe() { print -l -- $1: ${(P)2} }
_files() { print files }
source <(pgseal completion zsh)
words=(pgseal "$@")
CURRENT=${#words}
_pgseal

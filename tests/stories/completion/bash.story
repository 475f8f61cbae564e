The script completes commands, options and their few values, wherever the options stand.
Needs: bash

$ bash try ''
init plan apply verify status user host debt ca hba log demo completion --help --config --json --quiet --color --version

$ bash try ca ex
export

$ bash try ca export ''
--help server client --config --json --quiet --color --version

$ bash try --config plan ap
apply

$ bash try plan --
--help --host --replace --take-over --config --json --quiet --color --version

$ bash try plan --color a
auto always

$ bash try --config pg
pgseal.toml

$ bash try status --format ''
text nagios

$ bash try debt forgive --reason list --r
--reason

$ bash try quux in
init

$ pgseal completion bash | bash -n

-- try --
source <(pgseal completion bash)
offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _pgseal; echo "${COMPREPLY[@]}"; }
offer pgseal "$@"
-- pgseal.toml --
#

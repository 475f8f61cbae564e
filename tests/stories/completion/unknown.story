Another shell is refused.

$ pgseal completion
! pgseal: error: SHELL is required
! HINT:    pgseal completion --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal completion tcsh
! pgseal: error: SHELL: "tcsh" is none of bash, zsh, fish
! HINT:    pgseal completion --help lists what it takes.
! CODE:    201 (usage)
[status 2]


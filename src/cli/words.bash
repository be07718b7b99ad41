
# Bash breaks words at `:` and `=`, as in `shape::wrong_rank` and `--format=json`. So the
# words of the line are put together again, an option and its value are taken apart, and
# what is completed is cut to the part that bash replaces.
_enasc_words() {
    local line="${COMP_LINE:0:COMP_POINT}" word rest i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest="${line#"${line%%[![:space:]]*}"}"
        word="${COMP_WORDS[i]}"
        # The cursor may stand inside the last one.
        ((i < COMP_CWORD)) || word="$rest"
        if ((i == 0)) || [[ "$rest" != "$line" ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+="$word"
        fi
        line="${rest#"$word"}"
    done
    word="${words[${#words[@]} - 1]}"
    local option=""
    if [[ "$word" == --*=* ]]; then
        option="${word%%=*}="
        words[${#words[@]} - 1]="${option%=}"
        words+=("${word#*=}")
        word="${word#*=}"
    fi
    local -a COMP_WORDS=("${words[@]}")
    local COMP_CWORD=$((${#words[@]} - 1))
    local before="${COMP_WORDS[COMP_CWORD - 1]}"
    if [[ "$before" == --@(data|reward) && "$word" == *:* ]]; then
        # Behind the kind of data stands a path.
        compopt -o filenames 2> /dev/null
        COMPREPLY=()
        while IFS= read -r rest; do
            COMPREPLY+=("${word%%:*}:$rest")
        done < <(compgen -f -- "${word#*:}")
    else
        _enasc "$1" "$word" "$before"
    fi
    local in_front="" cut=""
    [[ "$COMP_WORDBREAKS" == *=* ]] || in_front="$option"
    [[ "$COMP_WORDBREAKS" != *:* || "$word" != *:* ]] || cut="${word%"${word##*:}"}"
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]="$in_front${COMPREPLY[i]#"$cut"}"
    done
    # A path follows.
    [[ "${COMPREPLY[*]}" != *: ]] || compopt -o nospace 2> /dev/null
}

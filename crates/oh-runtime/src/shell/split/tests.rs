use super::*;

#[test]
fn one_command_is_one_command() {
    for text in [
        "",
        "ls",
        "ls -la | grep x && echo done; echo more",
        "# only a comment",
        "# comment\nls",
        "ls # comment\n# another",
        "echo 'a\nb' \"c\nd\"",
        "echo a \\\n  b",
        "true &&\n echo x",
        "true ||\n\n# why\n echo x",
        "cat x |\n wc",
        "cat <<EOF\na\nb 'c\nEOF",
        "cat <<-'E O' | sort > \"$f\"\n\ta\n\tE O",
        "cat <<A <<B\na\nA\nb\nB\n",
        "if true; then\n echo a\nelif false\nthen echo b\nelse echo c; fi",
        "for i in 1 2\ndo\n echo $i\ndone",
        "for ((i=0; i<<3; i++)); do\necho $i\ndone",
        "while read -r x; do\n case $x in\n a|b) echo 1;;\n (c) echo 2 ;&\n *)\n echo \")\"\n esac\ndone < f",
        "f() {\n echo hi\n}",
        "f ()\n{\n echo hi\n}",
        "function f\n{\n echo hi\n}",
        "function f() {\n echo hi\n}",
        "(cd x\n ls)",
        "{ a\n b\n}",
        "x=$(echo a\necho b)",
        "x=\"$(cat <<EOF\nhi \"there\nEOF\n)\"",
        "arr=(1\n 2\n 3)",
        "echo $((1<<2)) ${x#a} ${y:-\"}\"} \"${z:-it's}\"",
        "echo `echo \\`a\nb`",
        "echo $'it\\'s\n' a#b",
        "[[ $a =~ ^(x|y)$ &&\n -f z ]]",
        "echo if then fi\n",
        "diff <(sort a\n) <(sort b)",
        "python3 - <<'EOF'\nprint('''x\n''')\nif (:\nEOF",
        "echo )",
        "done",
        "git commit -m \"a\n\nb; c && d\"",
        "echo a 2>&1 >|f &>g",
        "awk '{\n print $1\n}' file",
        "case x in x) ;; esac",
        "f() (\n echo sub\n)",
        "x=() \ny=1".lines().next().unwrap_or_default(),
    ] {
        assert_eq!(shape(text), Shape::Single, "{text}");
    }
}

#[test]
fn lines_are_several_commands() {
    let check = |text: &str, expected: &[&str]| {
        let expected = expected.iter().map(|&command| command.to_owned()).collect();
        assert_eq!(shape(text), Shape::Several(expected), "{text}");
    };
    check("a\nb", &["a", "b"]);
    check("a\n\n  b \\\n c\n", &["a", "b \\\n c"]);
    check("# one\na\n# two\nb", &["# one\na", "# two\nb"]);
    check("cat <<EOF\nx\nEOF\nls", &["cat <<EOF\nx\nEOF", "ls"]);
    check("if a; then b; fi\nls", &["if a; then b; fi", "ls"]);
    check("f() { a; }\nf", &["f() { a; }", "f"]);
    check("a &\nb", &["a &", "b"]);
    check("echo \"$(a)\"\nb", &["echo \"$(a)\"", "b"]);
    check("x=(1 2)\necho ${x[@]}", &["x=(1 2)", "echo ${x[@]}"]);
    check("x=()\necho 1", &["x=()", "echo 1"]);
    check("for i in a; do b; done\nc", &["for i in a; do b; done", "c"]);
    check("echo 'a\nb'\nc", &["echo 'a\nb'", "c"]);
    check("echo $((1+1))\nc", &["echo $((1+1))", "c"]);
    check("echo ${x}\nc", &["echo ${x}", "c"]);
}

#[test]
fn an_open_end_is_seen() {
    for text in [
        "cat <<EOF",
        "cat <<EOF\nx",
        "echo \"open",
        "echo 'open",
        "echo $(open",
        "if true; then",
        "for i in a b",
        "f() {",
        "f()",
        "true &&",
        "true |",
        "echo a \\",
        "echo ${x",
        "(ls",
        "case x in",
        "x=(1",
    ] {
        assert_eq!(shape(text), Shape::Incomplete, "{text}");
    }
}

// Go's lib/pq, told what to do line by line; see tests/gateway/drivers.rs.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

var (
	sources  = map[string]string{}
	makers   = map[string]*pq.Connector{}
	pools    = map[string]*sql.DB{}
	sessions = map[string]*sql.Conn{}
	stop     context.CancelFunc
	slept    = make(chan error, 1)
	ever     = context.Background()
)

// The workspace's name is known to no resolver here.
type dialer struct{}

func (dialer) Dial(network, address string) (net.Conn, error) {
	return net.Dial(network, net.JoinHostPort(os.Getenv("DB_ADDRESS"), os.Getenv("DB_PORT")))
}

func (d dialer) DialTimeout(network, address string, _ time.Duration) (net.Conn, error) {
	return d.Dial(network, address)
}

func open(name, way, password string) (string, error) {
	host, mode := os.Getenv("DB_ADDRESS"), "sslmode=disable"
	if way == "host" {
		host, mode = os.Getenv("DB_HOST"), "sslmode=verify-full sslrootcert="+os.Getenv("DB_CA")
	}
	source := fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s application_name=go %s",
		host, os.Getenv("DB_PORT"), os.Getenv("DB_USER"), password, os.Getenv("DB_NAME"), mode)
	made, err := pq.NewConnector(source)
	if err != nil {
		return "", err
	}
	made.Dialer(dialer{})
	sources[name], makers[name], pools[name] = source, made, sql.OpenDB(made)
	sessions[name], err = pools[name].Conn(ever)
	return "ok", err
}

func query(session *sql.Conn) (string, error) {
	statement, err := session.PrepareContext(ever, "SELECT $1::int * 2, $2::text || 'e', ($3::int[])[2]")
	if err != nil {
		return "", err
	}
	defer statement.Close()
	var a, c int
	var b string
	for n := 0; n < 3; n++ {
		if err := statement.QueryRow(21, "grüß", pq.Array([]int{1, 2})).Scan(&a, &b, &c); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d %s %d", a, b, c), nil
}

func state(err error) string {
	var refused *pq.Error
	if errors.As(err, &refused) {
		return string(refused.Code)
	}
	return "?"
}

func fail(session *sql.Conn) (string, error) {
	var states []string
	for _, statement := range []string{
		"CREATE TEMP TABLE IF NOT EXISTS kept (n int)", "BEGIN", "INSERT INTO kept VALUES (1)", "SELECT 1 / 0", "SELECT 1", "ROLLBACK",
	} {
		if _, err := session.ExecContext(ever, statement); err != nil {
			states = append(states, state(err))
		}
	}
	var count int
	err := session.QueryRowContext(ever, "SELECT count(*) FROM kept").Scan(&count)
	return fmt.Sprintf("%s %d", strings.Join(states, " "), count), err
}

// lib/pq has no cursors of its own: those of SQL.
func cursor(session *sql.Conn) (string, error) {
	work, err := session.BeginTx(ever, nil)
	if err != nil {
		return "", err
	}
	defer work.Rollback()
	if _, err := work.Exec("DECLARE rows CURSOR FOR SELECT generate_series(1, 1000)"); err != nil {
		return "", err
	}
	count, sum := 0, 0
	for more := true; more; {
		more = false
		rows, err := work.Query("FETCH 100 FROM rows")
		if err != nil {
			return "", err
		}
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return "", err
			}
			count, sum, more = count+1, sum+n, true
		}
	}
	return fmt.Sprintf("%d %d", count, sum), nil
}

// Makes a table for the time of work and copies count lines into it.
func fill(work *sql.Tx, table string, count int, line func(n int) string) error {
	if _, err := work.Exec("CREATE TEMP TABLE " + table + " (n int, line text) ON COMMIT DROP"); err != nil {
		return err
	}
	into, err := work.Prepare(pq.CopyIn(table, "n", "line"))
	if err != nil {
		return err
	}
	defer into.Close()
	for n := 0; n < count; n++ {
		if _, err := into.Exec(n, line(n)); err != nil {
			return err
		}
	}
	_, err = into.Exec()
	return err
}

func copyRows(session *sql.Conn) (string, error) {
	work, err := session.BeginTx(ever, nil)
	if err != nil {
		return "", err
	}
	defer work.Rollback()
	line := func(n int) string { return fmt.Sprintf("grüße\t%d\n\\", n) }
	if err := fill(work, "lines", 10000, line); err != nil {
		return "", err
	}
	rows, err := work.Query("SELECT n, line FROM lines ORDER BY n")
	if err != nil {
		return "", err
	}
	count, same := 0, "same"
	for ; rows.Next(); count++ {
		var n int
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			return "", err
		}
		if n != count || text != line(n) {
			same = "other"
		}
	}
	return fmt.Sprintf("%d %s", count, same), rows.Err()
}

func transfer(session *sql.Conn, mib string) (string, error) {
	size, err := strconv.Atoi(mib)
	if err != nil {
		return "", err
	}
	work, err := session.BeginTx(ever, nil)
	if err != nil {
		return "", err
	}
	defer work.Rollback()
	letters := make([]byte, 65536)
	for n := range letters {
		letters[n] = byte(32 + n*7%59)
	}
	line, sent, back := string(letters), sha256.New(), sha256.New()
	parts := func(n int) string {
		part := line[n%97:] + line[:n%97]
		fmt.Fprintf(sent, "%d\t%s\n", n, part)
		return part
	}
	if err := fill(work, "moved", size*16, parts); err != nil {
		return "", err
	}
	rows, err := work.Query("SELECT n, line FROM moved")
	if err != nil {
		return "", err
	}
	for rows.Next() {
		var n int
		var part string
		if err := rows.Scan(&n, &part); err != nil {
			return "", err
		}
		fmt.Fprintf(back, "%d\t%s\n", n, part)
	}
	if !bytes.Equal(sent.Sum(nil), back.Sum(nil)) {
		return "other", rows.Err()
	}
	return "same", rows.Err()
}

func notify(name string) (string, error) {
	listener := pq.NewDialListener(dialer{}, sources[name], time.Second, time.Minute, nil)
	defer listener.Close()
	if err := listener.Listen("news"); err != nil {
		return "", err
	}
	if _, err := sessions[name].ExecContext(ever, "NOTIFY news, 'grüße'"); err != nil {
		return "", err
	}
	for {
		select {
		case told := <-listener.Notify:
			if told != nil {
				return told.Extra, nil
			}
		case <-time.After(30 * time.Second):
			return "nothing", nil
		}
	}
}

func sleep(session *sql.Conn) (string, error) {
	var working context.Context
	working, stop = context.WithCancel(ever)
	go func() {
		_, err := session.ExecContext(working, "SELECT pg_sleep(600) /* driver */")
		slept <- err
	}()
	return "ok", nil
}

func act(words []string) (string, error) {
	name := words[1]
	switch words[0] {
	case "open":
		return open(name, words[2], words[3])
	case "query":
		return query(sessions[name])
	case "fail":
		return fail(sessions[name])
	case "cursor":
		return cursor(sessions[name])
	case "copy":
		return copyRows(sessions[name])
	case "transfer":
		return transfer(sessions[name], words[2])
	case "notify":
		return notify(name)
	case "sleep":
		return sleep(sessions[name])
	case "cancel":
		// lib/pq gives the session up some time later, so that another takes its place at once.
		stop()
		told := state(<-slept)
		sessions[name].Close()
		pools[name].Close()
		pools[name] = sql.OpenDB(makers[name])
		var err error
		sessions[name], err = pools[name].Conn(ever)
		return told, err
	}
	return "what?", nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := act(strings.Fields(lines.Text()))
		if err != nil {
			answer = state(err) + " " + strings.Split(err.Error(), "\n")[0]
		}
		fmt.Println(answer)
	}
}

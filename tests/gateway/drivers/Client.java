// PostgreSQL's JDBC driver, told what to do line by line; see tests/gateway/drivers.rs.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.postgresql.PGConnection;

public class Client {
    private static final Map<String, Connection> SESSIONS = new HashMap<>();
    private static Statement sleeper;
    private static CompletableFuture<String> slept;

    public static void main(String[] arguments) throws Exception {
        var out = new PrintStream(System.out, true, "UTF-8");
        var in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = in.readLine()) != null; ) {
            try {
                out.println(act(line.split(" ")));
            } catch (SQLException error) {
                out.println(error.getSQLState() + " " + error.getMessage().lines().findFirst().orElse(""));
            }
        }
        System.exit(0);
    }

    private static String act(String[] words) throws Exception {
        return switch (words[0]) {
            case "open" -> open(words[1], words[2], words[3]);
            case "query" -> query(SESSIONS.get(words[1]));
            case "fail" -> fail(SESSIONS.get(words[1]));
            case "cursor" -> cursor(SESSIONS.get(words[1]));
            case "copy" -> copy(SESSIONS.get(words[1]));
            case "transfer" -> transfer(SESSIONS.get(words[1]), Integer.parseInt(words[2]));
            case "notify" -> tell(SESSIONS.get(words[1]));
            case "sleep" -> sleep(SESSIONS.get(words[1]));
            case "cancel" -> cancel();
            default -> "what?";
        };
    }

    private static String cursor(Connection session) throws SQLException {
        session.setAutoCommit(false);
        try (var statement = session.createStatement()) {
            statement.setFetchSize(100);
            var rows = statement.executeQuery("SELECT generate_series(1, 1000)");
            int count = 0, sum = 0;
            for (; rows.next(); count++) sum += rows.getInt(1);
            return count + " " + sum;
        } finally {
            session.commit();
            session.setAutoCommit(true);
        }
    }

    private static String copy(Connection session) throws Exception {
        try (var statement = session.createStatement()) {
            statement.execute("CREATE TEMP TABLE IF NOT EXISTS lines (n text, line text)");
        }
        var lines = new StringBuilder();
        for (int n = 0; n < 10_000; n++) lines.append(n).append("\tgrüße ").append(n).append("\n");
        var copies = session.unwrap(PGConnection.class).getCopyAPI();
        var count = copies.copyIn("COPY lines FROM STDIN", new StringReader(lines.toString()));
        var back = new StringWriter();
        copies.copyOut("COPY lines TO STDOUT", back);
        return count + " " + (back.toString().contentEquals(lines) ? "same" : "other");
    }

    private static String transfer(Connection session, int mib) throws Exception {
        try (var statement = session.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS pg_temp.moved");
            statement.execute("CREATE TEMP TABLE moved (n int, line text)");
        }
        var letters = new byte[65_536];
        for (int n = 0; n < letters.length; n++) letters[n] = (byte) (32 + n * 7L % 59);
        var line = new String(letters, "US-ASCII");
        var sent = MessageDigest.getInstance("SHA-256");
        var back = MessageDigest.getInstance("SHA-256");
        var copies = session.unwrap(PGConnection.class).getCopyAPI();
        var into = copies.copyIn("COPY moved FROM STDIN");
        for (int n = 0; n < mib * 16; n++) {
            var part = (n + "\t" + line.substring(n % 97) + line.substring(0, n % 97) + "\n").getBytes("US-ASCII");
            sent.update(part);
            into.writeToCopy(part, 0, part.length);
        }
        into.endCopy();
        copies.copyOut("COPY moved TO STDOUT", new DigestOutputStream(OutputStream.nullOutputStream(), back));
        return MessageDigest.isEqual(sent.digest(), back.digest()) ? "same" : "other";
    }

    private static String tell(Connection session) throws SQLException {
        try (var statement = session.createStatement()) {
            statement.execute("LISTEN news");
            statement.execute("NOTIFY news, 'grüße'");
        }
        return session.unwrap(PGConnection.class).getNotifications(30_000)[0].getParameter();
    }

    private static String open(String name, String way, String password) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", System.getenv("DB_USER"));
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", "java");
        properties.setProperty("prepareThreshold", "1");
        var byHost = way.equals("host");
        properties.setProperty("sslmode", byHost ? "verify-full" : "disable");
        properties.setProperty("sslrootcert", System.getenv("DB_CA"));
        var host = System.getenv(byHost ? "DB_HOST" : "DB_ADDRESS");
        var url = "jdbc:postgresql://" + host + ":" + System.getenv("DB_PORT") + "/" + System.getenv("DB_NAME");
        SESSIONS.put(name, DriverManager.getConnection(url, properties));
        return "ok";
    }

    private static String query(Connection session) throws SQLException {
        String answer = "";
        try (PreparedStatement statement = session.prepareStatement("SELECT ?::int * 2, ?::text || 'e', ?::int[]")) {
            for (int n = 0; n < 3; n++) {
                statement.setInt(1, 21);
                statement.setString(2, "grüß");
                statement.setArray(3, session.createArrayOf("int", new Integer[] {1, 2}));
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    var array = (Integer[]) rows.getArray(3).getArray();
                    answer = rows.getInt(1) + " " + rows.getString(2) + " " + array[1];
                }
            }
        }
        return answer;
    }

    private static String fail(Connection session) throws SQLException {
        List<String> answer = new ArrayList<>();
        try (Statement statement = session.createStatement()) {
            statement.execute("CREATE TEMP TABLE IF NOT EXISTS kept (n int)");
            session.setAutoCommit(false);
            statement.execute("INSERT INTO kept VALUES (1)");
            for (String text : List.of("SELECT 1 / 0", "SELECT 1")) {
                try {
                    statement.execute(text);
                } catch (SQLException error) {
                    answer.add(error.getSQLState());
                }
            }
            session.rollback();
            session.setAutoCommit(true);
            try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM kept")) {
                rows.next();
                answer.add(rows.getString(1));
            }
        }
        return String.join(" ", answer);
    }

    private static String sleep(Connection session) throws SQLException {
        sleeper = session.createStatement();
        slept = CompletableFuture.supplyAsync(() -> {
            try {
                sleeper.execute("SELECT pg_sleep(600) /* driver */");
                return "slept";
            } catch (SQLException error) {
                return error.getSQLState();
            }
        });
        return "ok";
    }

    private static String cancel() throws Exception {
        sleeper.cancel();
        return slept.get();
    }
}

import java.sql.DriverManager;

/** Connects by an URL alone, as the page of a workspace gives it. */
public class Url {
    public static void main(String[] arguments) throws Exception {
        try (var connection = DriverManager.getConnection(arguments[0]);
             var rows = connection.createStatement().executeQuery("select now()")) {
            rows.next();
            System.out.println(rows.getString(1));
        }
    }
}
